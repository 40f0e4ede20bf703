select session_id, user_id, started_at, device, traffic_source, page_views, duration_seconds, converted
from {{ source('raw', 'raw_sessions') }}
