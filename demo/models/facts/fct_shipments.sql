select shipment_id, order_id, carrier, shipped_on, delivered_on,
  cast(shipping_cost as decimal(14, 2)) as shipping_cost,
  date_diff('day', shipped_on, delivered_on) as delivery_days
from {{ source('raw', 'raw_shipments') }}
