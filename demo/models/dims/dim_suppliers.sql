select supplier_id, supplier_name, country, lead_time_days from {{ source('raw', 'raw_suppliers') }}
