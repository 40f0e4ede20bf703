select id as order_id, n as position, n * 2 as quantity from {{ ref('orders') }}, range(1, 3) as r (n)
