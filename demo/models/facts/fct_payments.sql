select y.payment_id, y.order_id as order_id, y.payment_method, y.paid_at, y.succeeded,
  {{ money('y.amount * r.usd_rate') }} as payment_amount
from {{ source('raw', 'raw_payments') }} as y
join {{ ref('stg_orders') }} as o on o.order_id = y.order_id
join {{ ref('stg_exchange_rates') }} as r on r.rate_date = o.order_date and r.currency = o.currency
