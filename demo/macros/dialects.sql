{# What the three warehouses say each in its own way. #}

{% macro day_of_week(day) %}{{ return(adapter.dispatch('day_of_week')(day)) }}{% endmacro %}
{% macro default__day_of_week(day) %}extract(isodow from {{ day }}){% endmacro %}
{% macro clickhouse__day_of_week(day) %}toDayOfWeek({{ day }}){% endmacro %}

{# Of a decimal halves go up, as elsewhere; of a float to the even side, in ClickHouse. #}
{% macro money(amount) %}{{ return(adapter.dispatch('money')(amount)) }}{% endmacro %}
{% macro default__money(amount) %}cast({{ amount }} as decimal(14, 2)){% endmacro %}
{% macro clickhouse__money(amount) -%}
cast(round(cast({{ amount }} as Nullable(Decimal(38, 10))), 2) as Nullable(Decimal(14, 2)))
{%- endmacro %}

{% macro hours_between(start, end) -%}
round(cast({{ dbt.datediff(start, end, 'minute') }} / 60.0 as {{ numeric_type() }}), 2)
{%- endmacro %}
{% macro numeric_type() %}{{ return(adapter.dispatch('numeric_type')()) }}{% endmacro %}
{% macro default__numeric_type() %}double{% endmacro %}
{% macro postgres__numeric_type() %}numeric{% endmacro %}
{% macro clickhouse__numeric_type() %}Nullable(Float64){% endmacro %}
