-- One row for each order, cancelled ones included; amounts in US dollars at the rate of the day.
with lines as (
  select order_id, count(*) as line_count, sum(quantity) as item_count, sum(line_amount) as amount,
    sum(discount_amount) as discount
  from {{ ref('stg_order_lines') }}
  group by order_id
)
select o.order_id as order_id, o.user_id as user_id, o.store_id, o.promotion_id, o.channel, o.status, o.currency as currency,
  o.order_date as order_date, o.ordered_at, o.loaded_at, lines.line_count, lines.item_count,
  {{ money('lines.amount * r.usd_rate') }} as order_amount,
  {{ money('lines.discount * r.usd_rate') }} as discount_amount,
  cast(row_number() over (partition by o.user_id order by o.ordered_at, o.order_id) = 1 as boolean)
    as is_first_order
from {{ ref('stg_orders') }} as o
join lines on lines.order_id = o.order_id
join {{ ref('stg_exchange_rates') }} as r on r.rate_date = o.order_date and r.currency = o.currency
