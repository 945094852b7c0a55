-- A database as revision 0004 made it (commit 90de247): three sources, and four events of theirs.
CREATE FUNCTION public.audit_entry_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'audit_entry is append-only'; END $$;
CREATE TABLE public.access_key (
    key_id uuid NOT NULL,
    kind text NOT NULL,
    secret_digest bytea NOT NULL,
    secret_end text NOT NULL,
    display_name text,
    scopes text NOT NULL,
    solution text NOT NULL,
    company_digest bytea,
    company_id text,
    allowed_origins text,
    request_id uuid,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone
);
CREATE TABLE public.agent_device_stat (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    agent_device_id text NOT NULL,
    agent_device_os text,
    change_type text NOT NULL
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.agent_device_stat_default (
    source_id bigint CONSTRAINT agent_device_stat_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT agent_device_stat_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT agent_device_stat_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT agent_device_stat_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT agent_device_stat_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    agent_device_id text CONSTRAINT agent_device_stat_agent_device_id_not_null NOT NULL,
    agent_device_os text,
    change_type text CONSTRAINT agent_device_stat_change_type_not_null NOT NULL
);
CREATE TABLE public.agent_stat (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    agent_id text NOT NULL,
    agent_os text,
    change_type text NOT NULL
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.agent_stat_default (
    source_id bigint CONSTRAINT agent_stat_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT agent_stat_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT agent_stat_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT agent_stat_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT agent_stat_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    agent_id text CONSTRAINT agent_stat_agent_id_not_null NOT NULL,
    agent_os text,
    change_type text CONSTRAINT agent_stat_change_type_not_null NOT NULL
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.archive_release (
    month text NOT NULL,
    settings jsonb NOT NULL,
    noise jsonb NOT NULL,
    drawn_at timestamp with time zone NOT NULL,
    released_at timestamp with time zone
);
CREATE TABLE public.archived_aggregate (
    month text NOT NULL,
    event_type text NOT NULL,
    change_type text NOT NULL,
    solution text NOT NULL,
    count bigint NOT NULL,
    count_expected_error double precision NOT NULL,
    contributors bigint NOT NULL,
    contributors_expected_error double precision NOT NULL,
    epsilon double precision NOT NULL
);
CREATE TABLE public.audit_entry (
    entry_id bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject_digest bytea NOT NULL,
    reference text NOT NULL,
    details text NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE TABLE public.company (
    company_id text NOT NULL,
    company_name text,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    contact_name text,
    contact_email text,
    contact_phone text,
    contact_note text
);
CREATE TABLE public.company_key (
    company_id text NOT NULL,
    wrapped_key bytea NOT NULL
);
CREATE TABLE public.deletion (
    deletion_id uuid NOT NULL,
    subject_kind text NOT NULL,
    subject_digest bytea NOT NULL,
    stored_digest bytea,
    origin text NOT NULL,
    reference text NOT NULL,
    request_id uuid,
    state text NOT NULL,
    also_opt_out boolean NOT NULL,
    scrub_now boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    cut_off_at timestamp with time zone,
    erased_at timestamp with time zone,
    scrubbed_at timestamp with time zone,
    removed jsonb NOT NULL,
    receipt bytea,
    receipt_sequence bigint,
    company_id text,
    deployment_id text,
    server_uuid uuid,
    user_id text
);
CREATE TABLE public.deployment (
    company_id text NOT NULL,
    deployment_id text NOT NULL,
    deployment_name text,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL
);
CREATE TABLE public.element_stat (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    element_id text NOT NULL,
    change_type text NOT NULL
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.element_stat_default (
    source_id bigint CONSTRAINT element_stat_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT element_stat_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT element_stat_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT element_stat_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT element_stat_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    element_id text CONSTRAINT element_stat_element_id_not_null NOT NULL,
    change_type text CONSTRAINT element_stat_change_type_not_null NOT NULL
);
CREATE TABLE public.environment_stat (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    environment_id text NOT NULL,
    change_type text NOT NULL
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.environment_stat_default (
    source_id bigint CONSTRAINT environment_stat_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT environment_stat_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT environment_stat_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT environment_stat_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT environment_stat_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    environment_id text CONSTRAINT environment_stat_environment_id_not_null NOT NULL,
    change_type text CONSTRAINT environment_stat_change_type_not_null NOT NULL
);
CREATE TABLE public.ingest_epoch (
    ingest_epoch_id integer NOT NULL,
    epoch bigint NOT NULL
);
CREATE SEQUENCE public.ingest_epoch_ingest_epoch_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.ingest_epoch_ingest_epoch_id_seq OWNED BY public.ingest_epoch.ingest_epoch_id;
CREATE TABLE public.integration_stat (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    integration text NOT NULL,
    kind text NOT NULL,
    change_type text NOT NULL
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.integration_stat_default (
    source_id bigint CONSTRAINT integration_stat_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT integration_stat_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT integration_stat_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT integration_stat_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT integration_stat_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    integration text CONSTRAINT integration_stat_integration_not_null NOT NULL,
    kind text CONSTRAINT integration_stat_kind_not_null NOT NULL,
    change_type text CONSTRAINT integration_stat_change_type_not_null NOT NULL
);
CREATE TABLE public.key_fingerprint (
    name text NOT NULL,
    fingerprint text NOT NULL
);
CREATE TABLE public.opt_out (
    opt_out_id uuid NOT NULL,
    subject_digest bytea NOT NULL,
    subject_kind text NOT NULL,
    origin text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    stored_digest bytea,
    reference text DEFAULT ''::text NOT NULL,
    request_id uuid,
    epoch bigint DEFAULT '0'::bigint NOT NULL,
    company_id text,
    deployment_id text,
    server_uuid uuid,
    user_id text
);
CREATE TABLE public.ping (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    event_name text NOT NULL,
    payload jsonb,
    category text
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.ping_default (
    source_id bigint CONSTRAINT ping_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT ping_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT ping_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT ping_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT ping_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    event_name text CONSTRAINT ping_event_name_not_null NOT NULL,
    payload jsonb,
    category text
);
CREATE TABLE public.quarantined_event (
    quarantined_event_id bigint NOT NULL,
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    event_field_number integer NOT NULL,
    reason integer NOT NULL,
    envelope bytea NOT NULL
);
CREATE SEQUENCE public.quarantined_event_quarantined_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.quarantined_event_quarantined_event_id_seq OWNED BY public.quarantined_event.quarantined_event_id;
CREATE TABLE public.retention_policy (
    event_type text NOT NULL,
    retention_days integer,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.scheduled_job (
    name text NOT NULL,
    finished_at timestamp with time zone,
    progress jsonb NOT NULL
);
CREATE TABLE public.server (
    server_uuid uuid NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL
);
CREATE TABLE public.server_ping (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    server_version text,
    server_os text,
    last_up_time timestamp with time zone,
    trigger text
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.server_ping_default (
    source_id bigint CONSTRAINT server_ping_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT server_ping_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT server_ping_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT server_ping_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT server_ping_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    server_version text,
    server_os text,
    last_up_time timestamp with time zone,
    trigger text
);
CREATE TABLE public.source (
    source_id bigint NOT NULL,
    fingerprint bytea NOT NULL,
    origin text NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    deletion_id uuid,
    server_uuid uuid,
    solution text,
    version text,
    company_id text,
    company_name text,
    deployment_id text,
    deployment_name text,
    instance_id text,
    user_id text
);
CREATE SEQUENCE public.source_source_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.source_source_id_seq OWNED BY public.source.source_id;
CREATE TABLE public.test_case_stat (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    test_case_id text NOT NULL,
    change_type text NOT NULL
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.test_case_stat_default (
    source_id bigint CONSTRAINT test_case_stat_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT test_case_stat_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT test_case_stat_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT test_case_stat_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT test_case_stat_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    test_case_id text CONSTRAINT test_case_stat_test_case_id_not_null NOT NULL,
    change_type text CONSTRAINT test_case_stat_change_type_not_null NOT NULL
);
CREATE TABLE public.test_data_stat (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    test_data_id text NOT NULL,
    change_type text NOT NULL
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.test_data_stat_default (
    source_id bigint CONSTRAINT test_data_stat_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT test_data_stat_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT test_data_stat_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT test_data_stat_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT test_data_stat_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    test_data_id text CONSTRAINT test_data_stat_test_data_id_not_null NOT NULL,
    change_type text CONSTRAINT test_data_stat_change_type_not_null NOT NULL
);
CREATE TABLE public.test_plan_run_stat (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    test_plan_run_id text NOT NULL,
    application_type text,
    test_plan_type text,
    test_plan_lab_type text,
    change_type text NOT NULL
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.test_plan_run_stat_default (
    source_id bigint CONSTRAINT test_plan_run_stat_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT test_plan_run_stat_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT test_plan_run_stat_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT test_plan_run_stat_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT test_plan_run_stat_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    test_plan_run_id text CONSTRAINT test_plan_run_stat_test_plan_run_id_not_null NOT NULL,
    application_type text,
    test_plan_type text,
    test_plan_lab_type text,
    change_type text CONSTRAINT test_plan_run_stat_change_type_not_null NOT NULL
);
CREATE TABLE public.test_plan_stat (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    test_plan_id text NOT NULL,
    application_type text,
    test_plan_type text,
    entity_type text,
    change_type text NOT NULL
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.test_plan_stat_default (
    source_id bigint CONSTRAINT test_plan_stat_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT test_plan_stat_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT test_plan_stat_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT test_plan_stat_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT test_plan_stat_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    test_plan_id text CONSTRAINT test_plan_stat_test_plan_id_not_null NOT NULL,
    application_type text,
    test_plan_type text,
    entity_type text,
    change_type text CONSTRAINT test_plan_stat_change_type_not_null NOT NULL
);
CREATE TABLE public.test_step_stat (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    test_step_id text NOT NULL,
    test_case_id text NOT NULL,
    change_type text NOT NULL
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.test_step_stat_default (
    source_id bigint CONSTRAINT test_step_stat_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT test_step_stat_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT test_step_stat_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT test_step_stat_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT test_step_stat_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    test_step_id text CONSTRAINT test_step_stat_test_step_id_not_null NOT NULL,
    test_case_id text CONSTRAINT test_step_stat_test_case_id_not_null NOT NULL,
    change_type text CONSTRAINT test_step_stat_change_type_not_null NOT NULL
);
CREATE TABLE public.test_suite_stat (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    test_suite_id text NOT NULL,
    change_type text NOT NULL
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.test_suite_stat_default (
    source_id bigint CONSTRAINT test_suite_stat_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT test_suite_stat_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT test_suite_stat_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT test_suite_stat_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT test_suite_stat_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    test_suite_id text CONSTRAINT test_suite_stat_test_suite_id_not_null NOT NULL,
    change_type text CONSTRAINT test_suite_stat_change_type_not_null NOT NULL
);
CREATE TABLE public.tombstone (
    subject_digest bytea NOT NULL,
    subject_kind text NOT NULL,
    stored_digest bytea,
    deletion_id uuid NOT NULL,
    epoch bigint NOT NULL,
    cut_off_at timestamp with time zone NOT NULL
);
CREATE TABLE public.upload_stat (
    source_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    occurred_at_corrected timestamp with time zone NOT NULL,
    sequence bigint,
    upload_id text NOT NULL,
    upload_extension text,
    change_type text NOT NULL
)
PARTITION BY RANGE (event_id);
CREATE TABLE public.upload_stat_default (
    source_id bigint CONSTRAINT upload_stat_source_id_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT upload_stat_received_at_not_null NOT NULL,
    event_id uuid CONSTRAINT upload_stat_event_id_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT upload_stat_occurred_at_not_null NOT NULL,
    occurred_at_corrected timestamp with time zone CONSTRAINT upload_stat_occurred_at_corrected_not_null NOT NULL,
    sequence bigint,
    upload_id text CONSTRAINT upload_stat_upload_id_not_null NOT NULL,
    upload_extension text,
    change_type text CONSTRAINT upload_stat_change_type_not_null NOT NULL
);
ALTER TABLE ONLY public.agent_device_stat ATTACH PARTITION public.agent_device_stat_default DEFAULT;
ALTER TABLE ONLY public.agent_stat ATTACH PARTITION public.agent_stat_default DEFAULT;
ALTER TABLE ONLY public.element_stat ATTACH PARTITION public.element_stat_default DEFAULT;
ALTER TABLE ONLY public.environment_stat ATTACH PARTITION public.environment_stat_default DEFAULT;
ALTER TABLE ONLY public.integration_stat ATTACH PARTITION public.integration_stat_default DEFAULT;
ALTER TABLE ONLY public.ping ATTACH PARTITION public.ping_default DEFAULT;
ALTER TABLE ONLY public.server_ping ATTACH PARTITION public.server_ping_default DEFAULT;
ALTER TABLE ONLY public.test_case_stat ATTACH PARTITION public.test_case_stat_default DEFAULT;
ALTER TABLE ONLY public.test_data_stat ATTACH PARTITION public.test_data_stat_default DEFAULT;
ALTER TABLE ONLY public.test_plan_run_stat ATTACH PARTITION public.test_plan_run_stat_default DEFAULT;
ALTER TABLE ONLY public.test_plan_stat ATTACH PARTITION public.test_plan_stat_default DEFAULT;
ALTER TABLE ONLY public.test_step_stat ATTACH PARTITION public.test_step_stat_default DEFAULT;
ALTER TABLE ONLY public.test_suite_stat ATTACH PARTITION public.test_suite_stat_default DEFAULT;
ALTER TABLE ONLY public.upload_stat ATTACH PARTITION public.upload_stat_default DEFAULT;
ALTER TABLE ONLY public.ingest_epoch ALTER COLUMN ingest_epoch_id SET DEFAULT nextval('public.ingest_epoch_ingest_epoch_id_seq'::regclass);
ALTER TABLE ONLY public.quarantined_event ALTER COLUMN quarantined_event_id SET DEFAULT nextval('public.quarantined_event_quarantined_event_id_seq'::regclass);
ALTER TABLE ONLY public.source ALTER COLUMN source_id SET DEFAULT nextval('public.source_source_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0004');
INSERT INTO public.company VALUES ('acme', NULL, '2026-07-13 12:00:00.123456+00', '2026-07-13 12:00:00.123456+00', NULL, NULL, NULL, NULL);
INSERT INTO public.company VALUES ('busag', NULL, '2026-07-13 12:00:00.123456+00', '2026-07-13 12:00:00.123456+00', NULL, NULL, NULL, NULL);
INSERT INTO public.deployment VALUES ('acme', 'd1', NULL, '2026-07-13 12:00:00.123456+00', '2026-07-13 12:00:00.123456+00');
INSERT INTO public.deployment VALUES ('busag', 'd1', NULL, '2026-07-13 12:00:00.123456+00', '2026-07-13 12:00:00.123456+00');
INSERT INTO public.element_stat_default VALUES (1, '2026-07-13 12:00:00.123456+00', '01980000-0000-7000-8000-000000000001', '2026-07-13 12:00:00+00', '2026-07-13 12:00:00+00', NULL, '10', 'CREATE');
INSERT INTO public.element_stat_default VALUES (2, '2026-07-13 12:00:00.123456+00', '01980000-0000-7000-8000-000000000002', '2026-07-13 12:00:00+00', '2026-07-13 12:00:00+00', NULL, '10', 'CREATE');
INSERT INTO public.element_stat_default VALUES (3, '2026-07-13 12:00:00.123456+00', '01980000-0000-7000-8000-000000000004', '2026-07-13 12:00:00+00', '2026-07-13 12:00:00+00', NULL, '10', 'CREATE');
INSERT INTO public.ingest_epoch VALUES (1, 0);
INSERT INTO public.ping_default VALUES (2, '2026-07-13 12:00:00.123456+00', '01980000-0000-7000-8000-000000000003', '2026-07-13 12:00:00+00', '2026-07-13 12:00:00+00', NULL, 'Started', NULL, NULL);
INSERT INTO public.server VALUES ('0195f3d8-7165-41ec-8d28-2641d35f62cd', '2026-07-13 12:00:00.123456+00', '2026-07-13 12:00:00.123456+00');
INSERT INTO public.source VALUES (1, '\xc17787ab1b8d3dd8da1bd62286d06b583f6109b876d3eb6a1fde90224a19d26c', 'server', '2026-07-13 12:00:00.123456+00', '2026-07-13 12:00:00.123456+00', NULL, '0195f3d8-7165-41ec-8d28-2641d35f62cd', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.source VALUES (2, '\x3d57d837d52ce30dd3464fc5950057541e796ea680030229afea248d3e16dda7', 'deployment', '2026-07-13 12:00:00.123456+00', '2026-07-13 12:00:00.123456+00', NULL, NULL, 'Connects', NULL, 'acme', NULL, 'd1', NULL, NULL, NULL);
INSERT INTO public.source VALUES (3, '\x70808e724108a6113795c80f9bd33a8c71756544e33cd949b02ef2fc17f332e3', 'deployment', '2026-07-13 12:00:00.123456+00', '2026-07-13 12:00:00.123456+00', NULL, NULL, 'Connects', NULL, 'busag', NULL, 'd1', NULL, NULL, NULL);
SELECT pg_catalog.setval('public.ingest_epoch_ingest_epoch_id_seq', 1, false);
SELECT pg_catalog.setval('public.quarantined_event_quarantined_event_id_seq', 1, false);
SELECT pg_catalog.setval('public.source_source_id_seq', 3, true);
ALTER TABLE ONLY public.access_key
    ADD CONSTRAINT access_key_pkey PRIMARY KEY (key_id);
ALTER TABLE ONLY public.agent_device_stat
    ADD CONSTRAINT agent_device_stat_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.agent_device_stat_default
    ADD CONSTRAINT agent_device_stat_default_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.agent_stat
    ADD CONSTRAINT agent_stat_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.agent_stat_default
    ADD CONSTRAINT agent_stat_default_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.archive_release
    ADD CONSTRAINT archive_release_pkey PRIMARY KEY (month);
ALTER TABLE ONLY public.archived_aggregate
    ADD CONSTRAINT archived_aggregate_pkey PRIMARY KEY (month, event_type, change_type, solution);
ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT audit_entry_pkey PRIMARY KEY (entry_id);
ALTER TABLE ONLY public.company_key
    ADD CONSTRAINT company_key_pkey PRIMARY KEY (company_id);
ALTER TABLE ONLY public.company
    ADD CONSTRAINT company_pkey PRIMARY KEY (company_id);
ALTER TABLE ONLY public.deletion
    ADD CONSTRAINT deletion_pkey PRIMARY KEY (deletion_id);
ALTER TABLE ONLY public.deployment
    ADD CONSTRAINT deployment_pkey PRIMARY KEY (company_id, deployment_id);
ALTER TABLE ONLY public.element_stat
    ADD CONSTRAINT element_stat_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.element_stat_default
    ADD CONSTRAINT element_stat_default_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.environment_stat
    ADD CONSTRAINT environment_stat_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.environment_stat_default
    ADD CONSTRAINT environment_stat_default_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.ingest_epoch
    ADD CONSTRAINT ingest_epoch_pkey PRIMARY KEY (ingest_epoch_id);
ALTER TABLE ONLY public.integration_stat
    ADD CONSTRAINT integration_stat_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.integration_stat_default
    ADD CONSTRAINT integration_stat_default_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.key_fingerprint
    ADD CONSTRAINT key_fingerprint_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.opt_out
    ADD CONSTRAINT opt_out_pkey PRIMARY KEY (opt_out_id);
ALTER TABLE ONLY public.ping
    ADD CONSTRAINT ping_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.ping_default
    ADD CONSTRAINT ping_default_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.quarantined_event
    ADD CONSTRAINT quarantined_event_event_id_event_field_number_key UNIQUE (event_id, event_field_number);
ALTER TABLE ONLY public.quarantined_event
    ADD CONSTRAINT quarantined_event_pkey PRIMARY KEY (quarantined_event_id);
ALTER TABLE ONLY public.retention_policy
    ADD CONSTRAINT retention_policy_pkey PRIMARY KEY (event_type);
ALTER TABLE ONLY public.scheduled_job
    ADD CONSTRAINT scheduled_job_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.server_ping
    ADD CONSTRAINT server_ping_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.server_ping_default
    ADD CONSTRAINT server_ping_default_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.server
    ADD CONSTRAINT server_pkey PRIMARY KEY (server_uuid);
ALTER TABLE ONLY public.source
    ADD CONSTRAINT source_fingerprint_key UNIQUE (fingerprint);
ALTER TABLE ONLY public.source
    ADD CONSTRAINT source_pkey PRIMARY KEY (source_id);
ALTER TABLE ONLY public.test_case_stat
    ADD CONSTRAINT test_case_stat_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.test_case_stat_default
    ADD CONSTRAINT test_case_stat_default_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.test_data_stat
    ADD CONSTRAINT test_data_stat_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.test_data_stat_default
    ADD CONSTRAINT test_data_stat_default_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.test_plan_run_stat
    ADD CONSTRAINT test_plan_run_stat_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.test_plan_run_stat_default
    ADD CONSTRAINT test_plan_run_stat_default_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.test_plan_stat
    ADD CONSTRAINT test_plan_stat_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.test_plan_stat_default
    ADD CONSTRAINT test_plan_stat_default_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.test_step_stat
    ADD CONSTRAINT test_step_stat_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.test_step_stat_default
    ADD CONSTRAINT test_step_stat_default_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.test_suite_stat
    ADD CONSTRAINT test_suite_stat_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.test_suite_stat_default
    ADD CONSTRAINT test_suite_stat_default_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.tombstone
    ADD CONSTRAINT tombstone_pkey PRIMARY KEY (subject_digest);
ALTER TABLE ONLY public.upload_stat
    ADD CONSTRAINT upload_stat_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.upload_stat_default
    ADD CONSTRAINT upload_stat_default_pkey PRIMARY KEY (event_id);
CREATE INDEX access_key_by_company ON public.access_key USING btree (company_id);
CREATE UNIQUE INDEX access_key_by_digest ON public.access_key USING btree (secret_digest);
CREATE UNIQUE INDEX access_key_by_request ON public.access_key USING btree (request_id);
CREATE INDEX agent_device_stat_by_received_at ON ONLY public.agent_device_stat USING brin (received_at);
CREATE INDEX agent_device_stat_by_source ON ONLY public.agent_device_stat USING btree (source_id, received_at);
CREATE INDEX agent_device_stat_default_received_at_idx ON public.agent_device_stat_default USING brin (received_at);
CREATE INDEX agent_device_stat_default_source_id_received_at_idx ON public.agent_device_stat_default USING btree (source_id, received_at);
CREATE INDEX agent_stat_by_received_at ON ONLY public.agent_stat USING brin (received_at);
CREATE INDEX agent_stat_by_source ON ONLY public.agent_stat USING btree (source_id, received_at);
CREATE INDEX agent_stat_default_received_at_idx ON public.agent_stat_default USING brin (received_at);
CREATE INDEX agent_stat_default_source_id_received_at_idx ON public.agent_stat_default USING btree (source_id, received_at);
CREATE INDEX deletion_by_company ON public.deletion USING btree (company_id);
CREATE UNIQUE INDEX deletion_by_receipt ON public.deletion USING btree (receipt_sequence);
CREATE UNIQUE INDEX deletion_by_request ON public.deletion USING btree (request_id);
CREATE INDEX deletion_by_server ON public.deletion USING btree (server_uuid);
CREATE INDEX deletion_by_state ON public.deletion USING btree (state);
CREATE INDEX element_stat_by_received_at ON ONLY public.element_stat USING brin (received_at);
CREATE INDEX element_stat_by_source ON ONLY public.element_stat USING btree (source_id, received_at);
CREATE INDEX element_stat_default_received_at_idx ON public.element_stat_default USING brin (received_at);
CREATE INDEX element_stat_default_source_id_received_at_idx ON public.element_stat_default USING btree (source_id, received_at);
CREATE INDEX environment_stat_by_received_at ON ONLY public.environment_stat USING brin (received_at);
CREATE INDEX environment_stat_by_source ON ONLY public.environment_stat USING btree (source_id, received_at);
CREATE INDEX environment_stat_default_received_at_idx ON public.environment_stat_default USING brin (received_at);
CREATE INDEX environment_stat_default_source_id_received_at_idx ON public.environment_stat_default USING btree (source_id, received_at);
CREATE INDEX integration_stat_by_received_at ON ONLY public.integration_stat USING brin (received_at);
CREATE INDEX integration_stat_by_source ON ONLY public.integration_stat USING btree (source_id, received_at);
CREATE INDEX integration_stat_default_received_at_idx ON public.integration_stat_default USING brin (received_at);
CREATE INDEX integration_stat_default_source_id_received_at_idx ON public.integration_stat_default USING btree (source_id, received_at);
CREATE INDEX opt_out_by_company ON public.opt_out USING btree (company_id);
CREATE INDEX opt_out_by_epoch ON public.opt_out USING btree (epoch);
CREATE UNIQUE INDEX opt_out_by_request ON public.opt_out USING btree (request_id);
CREATE INDEX opt_out_by_server ON public.opt_out USING btree (server_uuid);
CREATE INDEX opt_out_by_subject ON public.opt_out USING btree (subject_digest);
CREATE INDEX ping_by_received_at ON ONLY public.ping USING brin (received_at);
CREATE INDEX ping_by_source ON ONLY public.ping USING btree (source_id, received_at);
CREATE INDEX ping_default_received_at_idx ON public.ping_default USING brin (received_at);
CREATE INDEX ping_default_source_id_received_at_idx ON public.ping_default USING btree (source_id, received_at);
CREATE INDEX quarantined_event_by_source ON public.quarantined_event USING btree (source_id, received_at);
CREATE INDEX server_ping_by_received_at ON ONLY public.server_ping USING brin (received_at);
CREATE INDEX server_ping_by_source ON ONLY public.server_ping USING btree (source_id, received_at);
CREATE INDEX server_ping_default_received_at_idx ON public.server_ping_default USING brin (received_at);
CREATE INDEX server_ping_default_source_id_received_at_idx ON public.server_ping_default USING btree (source_id, received_at);
CREATE INDEX source_by_company_id ON public.source USING btree (company_id);
CREATE INDEX source_by_deletion_id ON public.source USING btree (deletion_id);
CREATE INDEX source_by_server_uuid ON public.source USING btree (server_uuid);
CREATE INDEX test_case_stat_by_received_at ON ONLY public.test_case_stat USING brin (received_at);
CREATE INDEX test_case_stat_by_source ON ONLY public.test_case_stat USING btree (source_id, received_at);
CREATE INDEX test_case_stat_default_received_at_idx ON public.test_case_stat_default USING brin (received_at);
CREATE INDEX test_case_stat_default_source_id_received_at_idx ON public.test_case_stat_default USING btree (source_id, received_at);
CREATE INDEX test_data_stat_by_received_at ON ONLY public.test_data_stat USING brin (received_at);
CREATE INDEX test_data_stat_by_source ON ONLY public.test_data_stat USING btree (source_id, received_at);
CREATE INDEX test_data_stat_default_received_at_idx ON public.test_data_stat_default USING brin (received_at);
CREATE INDEX test_data_stat_default_source_id_received_at_idx ON public.test_data_stat_default USING btree (source_id, received_at);
CREATE INDEX test_plan_run_stat_by_received_at ON ONLY public.test_plan_run_stat USING brin (received_at);
CREATE INDEX test_plan_run_stat_by_source ON ONLY public.test_plan_run_stat USING btree (source_id, received_at);
CREATE INDEX test_plan_run_stat_default_received_at_idx ON public.test_plan_run_stat_default USING brin (received_at);
CREATE INDEX test_plan_run_stat_default_source_id_received_at_idx ON public.test_plan_run_stat_default USING btree (source_id, received_at);
CREATE INDEX test_plan_stat_by_received_at ON ONLY public.test_plan_stat USING brin (received_at);
CREATE INDEX test_plan_stat_by_source ON ONLY public.test_plan_stat USING btree (source_id, received_at);
CREATE INDEX test_plan_stat_default_received_at_idx ON public.test_plan_stat_default USING brin (received_at);
CREATE INDEX test_plan_stat_default_source_id_received_at_idx ON public.test_plan_stat_default USING btree (source_id, received_at);
CREATE INDEX test_step_stat_by_received_at ON ONLY public.test_step_stat USING brin (received_at);
CREATE INDEX test_step_stat_by_source ON ONLY public.test_step_stat USING btree (source_id, received_at);
CREATE INDEX test_step_stat_default_received_at_idx ON public.test_step_stat_default USING brin (received_at);
CREATE INDEX test_step_stat_default_source_id_received_at_idx ON public.test_step_stat_default USING btree (source_id, received_at);
CREATE INDEX test_suite_stat_by_received_at ON ONLY public.test_suite_stat USING brin (received_at);
CREATE INDEX test_suite_stat_by_source ON ONLY public.test_suite_stat USING btree (source_id, received_at);
CREATE INDEX test_suite_stat_default_received_at_idx ON public.test_suite_stat_default USING brin (received_at);
CREATE INDEX test_suite_stat_default_source_id_received_at_idx ON public.test_suite_stat_default USING btree (source_id, received_at);
CREATE INDEX tombstone_by_epoch ON public.tombstone USING btree (epoch);
CREATE INDEX upload_stat_by_received_at ON ONLY public.upload_stat USING brin (received_at);
CREATE INDEX upload_stat_by_source ON ONLY public.upload_stat USING btree (source_id, received_at);
CREATE INDEX upload_stat_default_received_at_idx ON public.upload_stat_default USING brin (received_at);
CREATE INDEX upload_stat_default_source_id_received_at_idx ON public.upload_stat_default USING btree (source_id, received_at);
ALTER INDEX public.agent_device_stat_pkey ATTACH PARTITION public.agent_device_stat_default_pkey;
ALTER INDEX public.agent_device_stat_by_received_at ATTACH PARTITION public.agent_device_stat_default_received_at_idx;
ALTER INDEX public.agent_device_stat_by_source ATTACH PARTITION public.agent_device_stat_default_source_id_received_at_idx;
ALTER INDEX public.agent_stat_pkey ATTACH PARTITION public.agent_stat_default_pkey;
ALTER INDEX public.agent_stat_by_received_at ATTACH PARTITION public.agent_stat_default_received_at_idx;
ALTER INDEX public.agent_stat_by_source ATTACH PARTITION public.agent_stat_default_source_id_received_at_idx;
ALTER INDEX public.element_stat_pkey ATTACH PARTITION public.element_stat_default_pkey;
ALTER INDEX public.element_stat_by_received_at ATTACH PARTITION public.element_stat_default_received_at_idx;
ALTER INDEX public.element_stat_by_source ATTACH PARTITION public.element_stat_default_source_id_received_at_idx;
ALTER INDEX public.environment_stat_pkey ATTACH PARTITION public.environment_stat_default_pkey;
ALTER INDEX public.environment_stat_by_received_at ATTACH PARTITION public.environment_stat_default_received_at_idx;
ALTER INDEX public.environment_stat_by_source ATTACH PARTITION public.environment_stat_default_source_id_received_at_idx;
ALTER INDEX public.integration_stat_pkey ATTACH PARTITION public.integration_stat_default_pkey;
ALTER INDEX public.integration_stat_by_received_at ATTACH PARTITION public.integration_stat_default_received_at_idx;
ALTER INDEX public.integration_stat_by_source ATTACH PARTITION public.integration_stat_default_source_id_received_at_idx;
ALTER INDEX public.ping_pkey ATTACH PARTITION public.ping_default_pkey;
ALTER INDEX public.ping_by_received_at ATTACH PARTITION public.ping_default_received_at_idx;
ALTER INDEX public.ping_by_source ATTACH PARTITION public.ping_default_source_id_received_at_idx;
ALTER INDEX public.server_ping_pkey ATTACH PARTITION public.server_ping_default_pkey;
ALTER INDEX public.server_ping_by_received_at ATTACH PARTITION public.server_ping_default_received_at_idx;
ALTER INDEX public.server_ping_by_source ATTACH PARTITION public.server_ping_default_source_id_received_at_idx;
ALTER INDEX public.test_case_stat_pkey ATTACH PARTITION public.test_case_stat_default_pkey;
ALTER INDEX public.test_case_stat_by_received_at ATTACH PARTITION public.test_case_stat_default_received_at_idx;
ALTER INDEX public.test_case_stat_by_source ATTACH PARTITION public.test_case_stat_default_source_id_received_at_idx;
ALTER INDEX public.test_data_stat_pkey ATTACH PARTITION public.test_data_stat_default_pkey;
ALTER INDEX public.test_data_stat_by_received_at ATTACH PARTITION public.test_data_stat_default_received_at_idx;
ALTER INDEX public.test_data_stat_by_source ATTACH PARTITION public.test_data_stat_default_source_id_received_at_idx;
ALTER INDEX public.test_plan_run_stat_pkey ATTACH PARTITION public.test_plan_run_stat_default_pkey;
ALTER INDEX public.test_plan_run_stat_by_received_at ATTACH PARTITION public.test_plan_run_stat_default_received_at_idx;
ALTER INDEX public.test_plan_run_stat_by_source ATTACH PARTITION public.test_plan_run_stat_default_source_id_received_at_idx;
ALTER INDEX public.test_plan_stat_pkey ATTACH PARTITION public.test_plan_stat_default_pkey;
ALTER INDEX public.test_plan_stat_by_received_at ATTACH PARTITION public.test_plan_stat_default_received_at_idx;
ALTER INDEX public.test_plan_stat_by_source ATTACH PARTITION public.test_plan_stat_default_source_id_received_at_idx;
ALTER INDEX public.test_step_stat_pkey ATTACH PARTITION public.test_step_stat_default_pkey;
ALTER INDEX public.test_step_stat_by_received_at ATTACH PARTITION public.test_step_stat_default_received_at_idx;
ALTER INDEX public.test_step_stat_by_source ATTACH PARTITION public.test_step_stat_default_source_id_received_at_idx;
ALTER INDEX public.test_suite_stat_pkey ATTACH PARTITION public.test_suite_stat_default_pkey;
ALTER INDEX public.test_suite_stat_by_received_at ATTACH PARTITION public.test_suite_stat_default_received_at_idx;
ALTER INDEX public.test_suite_stat_by_source ATTACH PARTITION public.test_suite_stat_default_source_id_received_at_idx;
ALTER INDEX public.upload_stat_pkey ATTACH PARTITION public.upload_stat_default_pkey;
ALTER INDEX public.upload_stat_by_received_at ATTACH PARTITION public.upload_stat_default_received_at_idx;
ALTER INDEX public.upload_stat_by_source ATTACH PARTITION public.upload_stat_default_source_id_received_at_idx;
CREATE TRIGGER audit_entry_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_entry FOR EACH STATEMENT EXECUTE FUNCTION public.audit_entry_is_append_only();
