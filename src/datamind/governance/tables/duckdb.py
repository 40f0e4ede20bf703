"""DuckDB's allowed functions: they compute from their arguments and reach nothing else."""

# Left out on purpose: files, settings, environment, variables, sequences, SQL from text, catalogs,
# `stats` (sees through filters), `error`, `alias`, random sleeps, and whatever is not listed.
FUNCTIONS = frozenset(
    """
    json_transform json_structure from_json get_current_timestamp fmod uuid gen_random_uuid
    array_to_json row_to_json to_json overlay approx_top_k list_grade_up abs acos acosh add age
    all_match any_match any_value apply approx_count_distinct approx_quantile arg_max
    arg_max_null arg_min arg_min_null argmax argmin array_agg array_append array_concat
    array_contains array_distance array_distinct array_extract array_filter array_has
    array_has_all array_has_any array_indexof array_length array_position array_prepend
    array_reverse array_slice array_sort array_to_string array_transform array_unique
    array_value ascii asin asinh atan atan2 atanh avg bar base64 bin bit_and bit_count
    bit_length bit_or bit_xor bool_and bool_or cardinality case cast cbrt ceil ceiling century
    chr coalesce concat concat_ws contains corr cos cosh cot count count_if count_star countif
    covar_pop covar_samp cume_dist current_date current_localtimestamp current_timestamp
    damerau_levenshtein date date_add date_diff date_part date_sub date_trunc datediff datepart
    datesub datetrunc day dayname dayofmonth dayofweek dayofyear decade degrees dense_rank
    divide editdist3 element_at ends_with entropy enum_code epoch epoch_ms epoch_ns epoch_us
    equi_width_bins era even exists exp extract factorial favg filter first first_value flatten
    floor format format_bytes from_base64 from_hex fsum gamma gcd geomean geometric_mean
    greatest greatest_common_divisor group_concat grouping grouping_id hamming hash hex
    histogram hour if ifnull ilike_escape instr isfinite isinf isnan iso_year isodow isoyear
    jaccard jaro_similarity jaro_winkler_similarity json json_array json_array_length
    json_contains json_exists json_extract json_extract_path json_extract_path_text
    json_extract_string json_group_array json_group_object json_keys json_object json_pretty
    json_quote json_type json_valid json_value julian kurtosis kurtosis_pop lag last last_day
    last_value lcase lcm lead least least_common_multiple left len length levenshtein lgamma
    like_escape list list_aggregate list_any_value list_append list_avg list_cat list_concat
    list_contains list_count list_distinct list_element list_extract list_filter list_first
    list_has list_has_all list_has_any list_indexof list_intersect list_last list_max
    list_median list_min list_pack list_position list_prepend list_product list_reduce
    list_reverse list_reverse_sort list_select list_slice list_sort list_std list_string_agg
    list_sum list_transform list_unique list_value list_var_pop list_where list_zip listagg ln
    log log10 log2 lower lpad ltrim mad make_date make_time make_timestamp make_timestamp_ms
    make_timestamptz map map_contains map_entries map_extract map_extract_value map_from_entries
    map_keys map_values max max_by md5 mean median microsecond millennium millisecond min min_by
    minute mismatches mod mode month monthname multiply nanosecond nextafter nfc_normalize not
    nth_value ntile nullif octet_length ord percent_rank percentile_cont percentile_disc pi
    position pow power prefix printf product quantile quantile_cont quantile_disc quarter
    radians random range rank regexp_escape regexp_extract regexp_extract_all regexp_full_match
    regexp_like regexp_matches regexp_replace regexp_split_to_array regr_avgx regr_avgy
    regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat replace
    reservoir_quantile reverse right round round_even roundbankers row row_number rpad rtrim
    second sem sha1 sha256 sign sign_bit signbit sin sinh skewness split split_part sqrt
    starts_with stddev stddev_pop stddev_samp str_split str_split_regex strftime string_agg
    string_split string_split_regex string_to_array strip_accents strlen strpos strptime
    struct_extract struct_pack substr substring substring_grapheme subtract suffix sum
    sum_no_overflow sumkahan tan tanh time time_bucket timestamp timezone timezone_hour
    timezone_minute to_base to_base64 to_binary to_centuries to_days to_decades to_hex to_hours
    to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds
    to_timestamp to_weeks to_years today transaction_timestamp translate trim trunc try try_cast
    try_strptime typeof ucase unbin unhex unicode unnest upper url_decode url_encode var_pop
    var_samp variance wavg week weekday weekofyear weighted_avg xor year yearweek
    generate_series now
    """.split()
)

# What gives something else each time, by the clock or by chance; `age` of one moment counts from today.
VOLATILE = frozenset(
    """
    age current_date current_localtime current_localtimestamp current_time current_timestamp
    gen_random_uuid get_current_timestamp localtime localtimestamp now random reservoir_quantile
    today transaction_timestamp uuid
    """.split()
)
# What else may stand before a bracket: types with sizes, and words of the grammar.
WORDS = frozenset(
    """
    all and any array as between bigint bit blob by char character cross cube decimal distinct
    double else end enum escape except exclude exclude float from full glob group having hugeint
    ilike in inner integer intersect interval is int join lateral left like limit map
    materialized not numeric nulls offset on or order outer over partition recursive rename
    replace right rollup row rows select sets similar some struct text then to union using
    values varchar when where with within
    """.split()
)
