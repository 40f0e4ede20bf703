{{ config(materialized='incremental', unique_key='reader') }}
select reader, count(*) as loans, {{ run_started_at.strftime("'%H%M%S%f'") }} as built
from {{ ref('loans') }}
{% if is_incremental() %} where reader not in (select reader from {{ this }}) {% endif %}
group by reader
