select user_id, first_name, last_name, email, phone, birth_date, city, country,
  acquisition_channel, loyalty_tier, accepts_marketing, signed_up_on
from {{ ref('stg_users') }}
