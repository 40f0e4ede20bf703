select p.product_id, p.product_name, p.category, p.subcategory, p.brand, p.list_price, p.unit_cost,
  p.weight_kg, p.is_active, p.launched_on, p.supplier_id
from {{ ref('stg_products') }} as p
