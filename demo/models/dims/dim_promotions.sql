select promotion_id, promotion_name, discount_percent, starts_on, ends_on
from {{ source('raw', 'raw_promotions') }}
