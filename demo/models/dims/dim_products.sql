select p.product_id, p.product_name, p.category, p.subcategory, p.brand,
  cast(p.list_price as decimal(14, 2)) as list_price, cast(p.unit_cost as decimal(14, 2)) as unit_cost,
  p.weight_kg, p.is_active, p.launched_on, p.supplier_id
from {{ ref('stg_products') }} as p
