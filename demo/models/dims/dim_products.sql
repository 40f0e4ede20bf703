select p.product_id, p.product_name, p.category, p.subcategory, p.brand,
  {{ money('p.list_price') }} as list_price, {{ money('p.unit_cost') }} as unit_cost,
  p.weight_kg, p.is_active, p.launched_on, p.supplier_id
from {{ ref('stg_products') }} as p
