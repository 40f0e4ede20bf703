select t.return_id, t.order_line_id, t.order_id as order_id, t.product_id as product_id, o.user_id as user_id, t.quantity, t.reason,
  t.returned_on, {{ money('t.refund_amount * r.usd_rate') }} as refund_amount
from {{ source('raw', 'raw_returns') }} as t
join {{ ref('stg_orders') }} as o on o.order_id = t.order_id
join {{ ref('stg_exchange_rates') }} as r on r.rate_date = o.order_date and r.currency = o.currency
