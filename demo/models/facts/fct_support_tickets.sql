select ticket_id, user_id, order_id, opened_at, resolved_at, topic, priority, satisfaction_score,
  case when resolved_at is null then 'open' else 'resolved' end as status,
  round(date_diff('minute', opened_at, resolved_at) / 60.0, 2) as resolution_hours
from {{ source('raw', 'raw_support_tickets') }}
