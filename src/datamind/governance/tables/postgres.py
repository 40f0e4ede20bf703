"""PostgreSQL's allowed functions: they compute from their arguments and reach nothing else."""

# Left out on purpose: files, large objects, settings, locks, sleeps, sequences, SQL from text,
# XML and JSON of whole rows, catalogs, connection facts, and whatever is not listed.
FUNCTIONS = frozenset(
    """
    all row array_fill array_sort array_shuffle array_sample array_reverse generate_subscripts
    jsonb_insert any_value gen_random_uuid json_array json_arrayagg json_scalar casefold array_ndims abs acos acosd acosh
    age array_agg array_append array_cat array_dims array_length array_lower array_position
    array_positions array_prepend array_remove array_replace array_to_json array_to_string
    array_upper ascii asin asind asinh atan atan2 atan2d atand atanh avg bit_and bit_count
    bit_length bit_or bit_xor bool_and bool_or btrim cardinality cbrt ceil ceiling char_length
    character_length chr clock_timestamp coalesce concat concat_ws convert_from convert_to corr
    cos cosd cosh cot cotd count covar_pop covar_samp cume_dist date_bin date_part date_trunc
    decode degrees dense_rank div encode erf erfc every exp extract factorial first_value floor
    format gcd generate_series greatest grouping initcap isfinite json_agg json_array_elements
    json_array_elements_text json_array_length json_build_array json_build_object json_each
    json_each_text json_extract_path json_extract_path_text json_object json_object_agg
    json_object_keys json_strip_nulls json_typeof jsonb_agg jsonb_array_elements
    jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each
    jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_object jsonb_object_agg
    jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array
    jsonb_path_query_first jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_typeof justify_days
    justify_hours justify_interval lag last_value lcm lead least left length like_escape ln log
    log10 lower lpad ltrim make_date make_interval make_time make_timestamp make_timestamptz max
    md5 min min_scale mod mode normalize now nth_value ntile nullif num_nonnulls num_nulls
    octet_length overlaps overlay parse_ident percent_rank percentile_cont percentile_disc pi position
    pow power quote_ident quote_literal quote_nullable radians random rank regexp_count
    regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
    regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2
    regr_slope regr_sxx regr_sxy regr_syy repeat replace reverse right round row_number rpad
    rtrim scale sha224 sha256 sha384 sha512 sign sin sind sinh split_part sqrt starts_with
    statement_timestamp stddev stddev_pop stddev_samp string_agg string_to_array string_to_table
    strpos substr substring sum tan tand tanh timezone to_char to_date to_hex to_json to_jsonb
    to_number to_timestamp transaction_timestamp translate trim trim_array trim_scale trunc
    unicode_assigned unistr unnest upper var_pop var_samp variance width_bucket
    similar_to_escape is_normalized
    """.split()
)

# What gives something else each time, by the clock or by chance; `age` of one moment counts from today.
VOLATILE = frozenset(
    """
    age array_sample array_shuffle clock_timestamp current_date current_time current_timestamp
    gen_random_uuid localtime localtimestamp now random statement_timestamp transaction_timestamp
    """.split()
)
# What else may stand before a bracket: types with sizes, and words of the grammar.
WORDS = frozenset(
    """
    all and any array as between bigint bit bool boolean by bytea case cast char character cross
    cube current_date current_timestamp date decimal distinct double else end escape except
    exclude exists filter float from full group having ilike in inner int integer intersect
    interval is join json jsonb lateral like limit localtime localtimestamp materialized not
    numeric nulls offset on or order outer over partition placing real recursive rollup row rows
    select sets similar smallint some symmetric text then time timestamp timestamptz to union
    using uuid values varchar when where with within
    """.split()
)
