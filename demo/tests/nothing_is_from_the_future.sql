with today as (select max(date_day) as day from {{ ref('dim_dates') }})

select 'order' as kind, order_id as id from {{ ref('fct_orders') }}, today where loaded_at >= day + 1
union all
select 'ticket', ticket_id from {{ ref('fct_support_tickets') }}, today where opened_at >= day + 1
union all
select 'shipment', shipment_id from {{ ref('fct_shipments') }}, today
where shipped_on > day or delivered_on > day
union all
select 'return', return_id from {{ ref('fct_returns') }}, today where returned_on > day
