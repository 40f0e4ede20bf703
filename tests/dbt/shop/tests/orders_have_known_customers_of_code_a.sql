{{ config(severity='warn') }}
select o.id from {{ ref('orders') }} as o join {{ ref('customers') }} as c on c.id = o.customer_id
where c.code <> 'A'
