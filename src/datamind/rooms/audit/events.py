"""The events of the audit log, by name: what may be searched for."""

from __future__ import annotations

EVENTS = frozenset(
    """
    access_denied alert_acknowledge api_key_create api_key_revoke audit_export audit_prune
    audit_seal audit_verify backup_create backup_restore config_change dbt_build dbt_cancel dbt_docs
    dbt_run dbt_sync dbt_test feedback_flag group_change group_create group_delete ip_denied
    ip_restriction_change ip_restriction_create ip_restriction_delete ip_restrictions_off job_cancel
    job_retry login login_limit login_lock login_unlock logout mode_change mode_override
    mode_override_clear password_change policy_change policy_check policy_forced policy_import
    policy_preview policy_test query_ask query_cancel query_execute query_execution query_export
    query_generate query_results query_share query_unshare refresh_reuse schedule_change
    session_revoke sql_validate store_moved user_attributes user_change user_create user_delete
    user_groups user_role values_read
    """.split()
)
