{{ config(materialized='view') }}
select * from {{ ref('loans') }} where pages > 300
