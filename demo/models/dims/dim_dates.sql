select rate_date as date_day, {{ day_of_week('rate_date') }} as day_of_week,
  extract(month from rate_date) as month_of_year,
  extract(quarter from rate_date) as quarter_of_year, cast({{ day_of_week('rate_date') }} in (6, 7) as boolean) as is_weekend
from {{ ref('stg_exchange_rates') }}
where currency = 'USD'
