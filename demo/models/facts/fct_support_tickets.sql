select ticket_id, user_id, order_id, opened_at, resolved_at, topic, priority, satisfaction_score,
  case when resolved_at is null then 'open' else 'resolved' end as status,
  {{ hours_between('opened_at', 'resolved_at') }} as resolution_hours
from {{ source('raw', 'raw_support_tickets') }}
