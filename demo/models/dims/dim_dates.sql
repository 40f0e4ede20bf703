select rate_date as date_day, isodow(rate_date) as day_of_week, month(rate_date) as month_of_year,
  quarter(rate_date) as quarter_of_year, isodow(rate_date) in (6, 7) as is_weekend
from {{ ref('stg_exchange_rates') }}
where currency = 'USD'
