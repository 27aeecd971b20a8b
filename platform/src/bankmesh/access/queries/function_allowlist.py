"""The functions of DuckDB that a statement over a product may call, and the reviewed ones that it may not.

DuckDB has no list of functions that are safe for strangers, so this one is reviewed by hand. A function that is on
neither list is refused. A test compares both lists with `duckdb_functions()`. A new version of DuckDB fails it until
each new function is reviewed. Allowed functions compute from their arguments, or read the clock, and nothing else.

Names are DuckDB's, in lower case unless DuckDB spells them otherwise.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


ALLOWED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "operators": _names(
            """
            !__postfix !~~ !~~* % & && * ** + - ->> / // <-> << <=> <@ >> @ @> ^ ^@ add divide ilike_escape
            like_escape mod multiply not_ilike_escape not_like_escape subtract xor | || ~ ~~ ~~* ~~~
            """
        ),
        "aggregates": _names(
            """
            any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null
            arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin array_agg avg bit_and bit_or
            bit_xor bitstring_agg bool_and bool_or corr count count_if count_if count_star countif countif covar_pop
            covar_samp entropy favg first fsum geomean geometric_mean group_concat histogram histogram_exact kahan_sum
            kurtosis kurtosis_pop last list listagg mad max max_by mean median min min_by mode product quantile
            quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
            regr_sxy regr_syy reservoir_quantile sem skewness stddev stddev_pop stddev_samp string_agg sum
            sum_no_overflow sumkahan var_pop var_samp variance wavg weighted_avg
            """
        ),
        "window": _names(
            """
            cume_dist dense_rank fill first_value lag last_value lead nth_value ntile percent_rank rank rank_dense
            row_number
            """
        ),
        "mathematics": _names(
            """
            abs acos acosh asin asinh atan atan2 atanh bit_count cbrt ceil ceiling cos cosh cot degrees
            equi_width_bins even exp factorial fdiv floor fmod gamma gcd greatest greatest_common_divisor isfinite
            isinf isnan lcm least least_common_multiple lgamma ln log log10 log2 nextafter pi pow power radians random
            round round_even roundbankers sign signbit sin sinh sqrt tan tanh trunc
            """
        ),
        "text": _names(
            """
            array_to_string array_to_string_comma_default ascii bar base64 bin bit_length char_length character_length
            chr concat concat_ws contains damerau_levenshtein decode editdist3 encode ends_with format
            formatReadableDecimalSize formatReadableSize format_bytes from_base64 from_binary from_hex hamming hash
            hex instr jaccard jaro_similarity jaro_winkler_similarity lcase left left_grapheme len length
            length_grapheme levenshtein lower lpad ltrim md5 md5_number md5_number_lower md5_number_upper mismatches
            nfc_normalize octet_length ord parse_dirname parse_dirpath parse_filename parse_formatted_bytes parse_path
            pg_size_pretty position prefix printf regexp_escape regexp_extract regexp_extract_all regexp_full_match
            regexp_matches regexp_replace regexp_split_to_array repeat replace reverse right right_grapheme rpad rtrim
            sha1 sha256 split split_part starts_with str_split str_split_regex string_split string_split_regex
            string_to_array strip_accents strlen strpos substr substring substring_grapheme suffix to_base to_base64
            to_binary to_hex translate trim ucase unbin unhex unicode upper url_decode url_encode
            """
        ),
        "dates and times": _names(
            """
            age ago century date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day
            dayname dayofmonth dayofweek dayofyear days_in_month decade epoch epoch_ms epoch_ns epoch_us era hour
            isodow isoyear julian last_day make_date make_time make_timestamp make_timestamp_ms make_timestamp_ns
            make_timestamptz microsecond millennium millisecond minute month monthname nanosecond normalized_interval
            quarter second strftime strptime time_bucket timezone timezone_hour timezone_minute to_centuries to_days
            to_decades to_hours to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters
            to_seconds to_timestamp to_weeks to_years try_strptime week weekday weekofyear year yearweek
            """
        ),
        "the clock": _names(
            """
            current_date current_localtime current_localtimestamp get_current_time get_current_timestamp now today
            transaction_timestamp
            """
        ),
        "lists, structs and maps": _names(
            """
            apply array_append array_apply array_cat array_concat array_contains array_cosine_distance
            array_cosine_similarity array_cross_product array_distance array_distinct array_dot_product array_extract
            array_filter array_grade_up array_has array_has_all array_has_any array_indexof array_inner_product
            array_intersect array_length array_negative_dot_product array_negative_inner_product array_pop_back
            array_pop_front array_position array_prepend array_push_back array_push_front array_reduce array_resize
            array_reverse array_reverse_sort array_select array_slice array_sort array_transform array_unique
            array_value array_where array_zip cardinality element_at filter flatten generate_series
            generate_subscripts grade_up list_any_value list_append list_apply list_approx_count_distinct list_avg
            list_bit_and list_bit_or list_bit_xor list_bool_and list_bool_or list_cat list_concat list_contains
            list_cosine_distance list_cosine_similarity list_count list_distance list_distinct list_dot_product
            list_element list_entropy list_extract list_filter list_first list_grade_up list_has list_has_all
            list_has_any list_histogram list_indexof list_inner_product list_intersect list_kurtosis list_kurtosis_pop
            list_last list_mad list_max list_median list_min list_mode list_negative_dot_product
            list_negative_inner_product list_pack list_position list_prepend list_product list_reduce list_resize
            list_reverse list_reverse_sort list_select list_sem list_skewness list_slice list_sort list_stddev_pop
            list_stddev_samp list_string_agg list_sum list_transform list_unique list_value list_var_pop list_var_samp
            list_where list_zip map map_concat map_contains map_contains_entry map_contains_value map_entries
            map_extract map_extract_value map_from_entries map_keys map_values range reduce row struct_concat
            struct_contains struct_extract struct_extract_at struct_has struct_indexof struct_insert struct_keys
            struct_pack struct_position struct_update struct_values union_extract union_tag union_value unpivot_list
            """
        ),
        "JSON texts": _names(
            """
            array_to_json from_json from_json_strict json json_array json_array_length json_contains json_exists
            json_extract json_extract_path json_extract_path_text json_extract_string json_group_array
            json_group_object json_group_structure json_keys json_merge_patch json_object json_pretty json_quote
            json_structure json_transform json_transform_strict json_type json_valid json_value row_to_json to_json
            """
        ),
        "conditions and types": _names(
            """
            alias bit_position bitstring get_bit nullif set_bit switch typeof uuid_extract_timestamp
            uuid_extract_version
            """
        ),
    }
)
"""Scalar functions, macros, aggregates and window functions that a statement may call, by subject."""

REFUSED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "it reads settings, variables or the state of the database session": _names(
            """
            current_catalog current_connection_id current_database current_query current_query_id current_role
            current_schema current_schemas current_setting current_transaction_id current_user get_block_size
            getvariable in_search_path inet_client_addr inet_client_port inet_server_addr inet_server_port
            session_user txid_current user version
            """
        ),
        "it reads the database's catalog": _names(
            """
            col_description format_pg_type format_type has_any_column_privilege has_column_privilege
            has_database_privilege has_foreign_data_wrapper_privilege has_function_privilege has_language_privilege
            has_schema_privilege has_sequence_privilege has_server_privilege has_table_privilege
            has_tablespace_privilege map_to_pg_oid obj_description pg_collation_is_visible pg_conf_load_time
            pg_conversion_is_visible pg_function_is_visible pg_get_constraintdef pg_get_expr pg_get_viewdef
            pg_has_role pg_is_other_temp_schema pg_my_temp_schema pg_opclass_is_visible pg_operator_is_visible
            pg_opfamily_is_visible pg_postmaster_start_time pg_table_is_visible pg_ts_config_is_visible
            pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible pg_typeof
            shobj_description
            """
        ),
        "it shows what the database keeps about a column, instead of the rows": _names(
            """
            stats
            """
        ),
        "it reads or writes a sequence": _names(
            """
            currval nextval
            """
        ),
        "it reads, builds or runs a statement given as text": _names(
            """
            json_deserialize_sql json_serialize_plan json_serialize_sql
            """
        ),
        "it names the function to call in a text, which cannot be reviewed; call list_sum, list_max ...": _names(
            """
            aggregate array_aggr array_aggregate list_aggr list_aggregate
            """
        ),
        "it raises an error whose text the statement computes": _names(
            """
            error
            """
        ),
        "it writes or reads the database's log": _names(
            """
            parse_duckdb_log_message write_log
            """
        ),
        "it waits": _names(
            """
            pg_sleep sleep_ms
            """
        ),
        "it sets the state of the random generator": _names(
            """
            setseed
            """
        ),
        "it makes identifiers that no row holds": _names(
            """
            gen_random_uuid uuid uuidv4 uuidv7
            """
        ),
        "it belongs to the database's inner workings": _names(
            """
            __internal_compress_integral_ubigint __internal_compress_integral_uinteger
            __internal_compress_integral_usmallint __internal_compress_integral_utinyint
            __internal_compress_string_hugeint __internal_compress_string_ubigint __internal_compress_string_uhugeint
            __internal_compress_string_uinteger __internal_compress_string_usmallint
            __internal_compress_string_utinyint __internal_decompress_integral_bigint
            __internal_decompress_integral_hugeint __internal_decompress_integral_integer
            __internal_decompress_integral_smallint __internal_decompress_integral_ubigint
            __internal_decompress_integral_uhugeint __internal_decompress_integral_uinteger
            __internal_decompress_integral_usmallint __internal_decompress_string can_cast_implicitly cast_to_type
            combine constant_or_null create_sort_key finalize get_type is_histogram_other_bin make_type remap_struct
            replace_type timetz_byte_comparable vector_type
            """
        ),
        "it sorts by the rules of one language": _names(
            """
            icu_collate_af icu_collate_am icu_collate_ar icu_collate_ar_sa icu_collate_as icu_collate_az
            icu_collate_be icu_collate_bg icu_collate_bn icu_collate_bo icu_collate_br icu_collate_bs icu_collate_ca
            icu_collate_ceb icu_collate_chr icu_collate_cs icu_collate_cy icu_collate_da icu_collate_de
            icu_collate_de_at icu_collate_dsb icu_collate_dz icu_collate_ee icu_collate_el icu_collate_en
            icu_collate_en_us icu_collate_eo icu_collate_es icu_collate_et icu_collate_fa icu_collate_fa_af
            icu_collate_ff icu_collate_fi icu_collate_fil icu_collate_fo icu_collate_fr icu_collate_fr_ca
            icu_collate_fy icu_collate_ga icu_collate_gl icu_collate_gu icu_collate_ha icu_collate_haw icu_collate_he
            icu_collate_he_il icu_collate_hi icu_collate_hr icu_collate_hsb icu_collate_hu icu_collate_hy
            icu_collate_id icu_collate_id_id icu_collate_ig icu_collate_is icu_collate_it icu_collate_ja
            icu_collate_ka icu_collate_kk icu_collate_kl icu_collate_km icu_collate_kn icu_collate_ko icu_collate_kok
            icu_collate_ku icu_collate_ky icu_collate_lb icu_collate_lij icu_collate_lkt icu_collate_ln icu_collate_lo
            icu_collate_lt icu_collate_lv icu_collate_mk icu_collate_ml icu_collate_mn icu_collate_mr icu_collate_ms
            icu_collate_mt icu_collate_my icu_collate_nb icu_collate_nb_no icu_collate_ne icu_collate_nl
            icu_collate_nn icu_collate_noaccent icu_collate_nso icu_collate_om icu_collate_or icu_collate_pa
            icu_collate_pa_in icu_collate_pl icu_collate_ps icu_collate_pt icu_collate_ro icu_collate_ru
            icu_collate_sa icu_collate_se icu_collate_si icu_collate_sk icu_collate_sl icu_collate_smn icu_collate_sq
            icu_collate_sr icu_collate_sr_ba icu_collate_sr_me icu_collate_sr_rs icu_collate_st icu_collate_sv
            icu_collate_sw icu_collate_ta icu_collate_te icu_collate_th icu_collate_tk icu_collate_tn icu_collate_to
            icu_collate_tr icu_collate_ug icu_collate_uk icu_collate_ur icu_collate_uz icu_collate_vi icu_collate_wae
            icu_collate_wo icu_collate_xh icu_collate_yi icu_collate_yo icu_collate_yue icu_collate_yue_cn
            icu_collate_zh icu_collate_zh_cn icu_collate_zh_hk icu_collate_zh_mo icu_collate_zh_sg icu_collate_zh_tw
            icu_collate_zu icu_sort_key
            """
        ),
        "it works on a type that no contract has": _names(
            """
            enum_code enum_first enum_last enum_range enum_range_boundary st_asbinary st_astext st_aswkb st_aswkt
            st_crs st_geomfromwkb st_intersects_extent st_setcrs variant_bytes_to_variant variant_extract
            variant_normalize variant_to_parquet_variant variant_typeof
            """
        ),
        "it makes rows where only columns are expected": _names(
            """
            regexp_split_to_table
            """
        ),
    }
)
"""Scalar functions, macros and aggregates that a statement may not call, by reason."""

REFUSED_RELATIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "it reads files": _names(
            """
            add_parquet_key arrow_scan arrow_scan_dumb glob pandas_scan parquet_bloom_probe parquet_file_metadata
            parquet_full_metadata parquet_kv_metadata parquet_metadata parquet_scan parquet_schema read_blob read_csv
            read_csv_auto read_duckdb read_json read_json_auto read_json_objects read_json_objects_auto read_ndjson
            read_ndjson_auto read_ndjson_objects read_parquet read_text sniff_csv
            """
        ),
        "it reads settings, secrets or the state of the database session": _names(
            """
            collations database_list database_size duckdb_approx_database_count duckdb_columns duckdb_connection_count
            duckdb_constraints duckdb_coordinate_systems duckdb_databases duckdb_dependencies duckdb_extensions
            duckdb_external_file_cache duckdb_functions duckdb_indexes duckdb_keywords duckdb_log_contexts duckdb_logs
            duckdb_logs_parsed duckdb_memory duckdb_optimizers duckdb_prepared_statements duckdb_profiling_settings
            duckdb_schemas duckdb_secret_types duckdb_secrets duckdb_sequences duckdb_settings duckdb_table_sample
            duckdb_tables duckdb_temporary_files duckdb_types duckdb_variables duckdb_views extension_versions
            functions icu_calendar_names pg_timezone_names platform pragma_collations pragma_database_size
            pragma_platform pragma_user_agent pragma_version user_agent version which_secret
            """
        ),
        "it shows what the database keeps about tables, instead of the rows": _names(
            """
            metadata_info pragma_metadata_info pragma_show pragma_storage_info pragma_table_info show show_databases
            show_tables show_tables_expanded storage_info summary table_info
            """
        ),
        "it runs a statement or names a table given as text": _names(
            """
            json_execute_serialized_sql python_map_function query query_table seq_scan
            """
        ),
        "it changes settings, logs or files of the database": _names(
            """
            all_profiling_output checkpoint copy_database disable_checkpoint_on_shutdown disable_logging
            disable_object_cache disable_optimizer disable_print_progress_bar disable_profile disable_profiling
            disable_progress_bar disable_verification disable_verify_external disable_verify_fetch_row
            disable_verify_parallelism disable_verify_serializer enable_checkpoint_on_shutdown enable_logging
            enable_object_cache enable_optimizer enable_print_progress_bar enable_profile enable_profiling
            enable_progress_bar enable_verification force_checkpoint import_database truncate_duckdb_logs
            verify_external verify_fetch_row verify_parallelism verify_serializer
            """
        ),
        "it makes rows of its own; use it as a function of columns, in the SELECT list": _names(
            """
            generate_series histogram histogram_values json_each json_tree range repeat repeat_row test_all_types
            test_vector_types unnest
            """
        ),
    }
)
"""Table functions and pragmas, by reason. None is allowed: a statement reads `product` and its own CTEs alone."""

LENGTHENING = _names("array_resize bar generate_series list_resize lpad range repeat rpad")
"""Allowed functions whose result is as long as a number says."""

_ALLOWED = frozenset(name.lower() for group in ALLOWED.values() for name in group) | {
    "unnest",
    "grouping",
    "grouping_id",
}
_REASONS = {
    name: reason for groups in (REFUSED, REFUSED_RELATIONS) for reason, names in groups.items() for name in names
}


def refused_because(function: str) -> str | None:
    """Return why a statement may not call a function in an expression; None if it may.

    The name is compared in lower case, as DuckDB does; one with other than ASCII letters is no function of DuckDB.
    """
    if function.isascii() and function.lower() in _ALLOWED:
        return None
    return _REASONS.get(function.lower(), "it is not on the list of reviewed functions")


def relation_refused_because(function: str) -> str:
    """Return why a statement may not read from a table function; none is allowed."""
    return next(
        (reason for reason, names in REFUSED_RELATIONS.items() if function.lower() in names),
        "statements read no table functions",
    )
