select id, customer_id, status, cast(amount as decimal(10, 2)) as amount, placed_on,
  amount > 100 as is_big
from {{ ref('stg_orders') }}
