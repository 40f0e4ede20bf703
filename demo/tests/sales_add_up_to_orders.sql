select o.order_id
from {{ ref('fct_orders') }} as o
join (
  select order_id, sum(sales_amount) as amount from {{ ref('fct_sales') }} group by order_id
) as s on s.order_id = o.order_id
where abs(s.amount - o.order_amount) > 0.10
