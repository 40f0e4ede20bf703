select order_id from {{ ref('fct_orders') }} where loaded_at < ordered_at
