select shipment_id, order_id, carrier, shipped_on, delivered_on,
  {{ money('shipping_cost') }} as shipping_cost,
  {{ dbt.datediff('shipped_on', 'delivered_on', 'day') }} as delivery_days
from {{ source('raw', 'raw_shipments') }}
