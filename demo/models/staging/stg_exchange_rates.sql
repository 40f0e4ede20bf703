select rate_date, currency, usd_rate from {{ source('raw', 'raw_exchange_rates') }}
