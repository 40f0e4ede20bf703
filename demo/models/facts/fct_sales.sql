-- One row for each order line; amounts in US dollars at the rate of the day.
with sales as (
  select l.order_line_id, l.order_id as order_id, o.user_id as user_id, l.product_id as product_id, o.store_id, o.promotion_id, o.channel,
    o.status as order_status, o.order_date as order_date, l.quantity,
    {{ money('l.unit_price * r.usd_rate') }} as unit_price,
    {{ money('l.discount_amount * r.usd_rate') }} as discount_amount,
    {{ money('l.line_amount * r.usd_rate') }} as sales_amount,
    {{ money('l.quantity * p.unit_cost') }} as cost_amount
  from {{ ref('stg_order_lines') }} as l
  join {{ ref('stg_orders') }} as o on o.order_id = l.order_id
  join {{ ref('stg_products') }} as p on p.product_id = l.product_id
  join {{ ref('stg_exchange_rates') }} as r on r.rate_date = o.order_date and r.currency = o.currency
  where o.status <> 'cancelled'
)
select *, sales_amount - cost_amount as margin_amount from sales
