select store_id, store_name, city, region, country, floor_area_sqm, opened_on
from {{ source('raw', 'raw_stores') }}
