select order_id, user_id, store_id, channel, status, currency, promotion_id, ordered_at, loaded_at,
  cast(ordered_at as date) as order_date
from {{ source('raw', 'raw_orders') }}
