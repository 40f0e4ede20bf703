select user_id, first_name, last_name, lower(email) as email, phone, birth_date, city, country,
  currency, acquisition_channel, loyalty_tier, accepts_marketing, signed_up_on
from {{ source('raw', 'raw_users') }}
