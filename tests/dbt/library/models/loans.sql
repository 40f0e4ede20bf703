select id, reader, pages from {{ ref('stg_loans') }}
