-- A database as revision 0004 made it (commit 90de247): three sources, and four events of theirs.
BEGIN TRANSACTION;
CREATE TABLE access_key (
	key_id VARCHAR(36) NOT NULL,
	kind TEXT NOT NULL,
	secret_digest BLOB NOT NULL,
	secret_end TEXT NOT NULL,
	display_name TEXT,
	scopes TEXT NOT NULL,
	solution TEXT NOT NULL,
	company_digest BLOB,
	company_id TEXT,
	allowed_origins TEXT,
	request_id VARCHAR(36),
	created_at BIGINT NOT NULL,
	expires_at BIGINT,
	revoked_at BIGINT,
	PRIMARY KEY (key_id)
);
CREATE TABLE agent_device_stat (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	agent_device_id TEXT NOT NULL,
	agent_device_os TEXT,
	change_type TEXT NOT NULL,
	PRIMARY KEY (event_id)
);
CREATE TABLE agent_stat (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	agent_id TEXT NOT NULL,
	agent_os TEXT,
	change_type TEXT NOT NULL,
	PRIMARY KEY (event_id)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE archive_release (
	month TEXT NOT NULL,
	settings JSON NOT NULL,
	noise JSON NOT NULL,
	drawn_at BIGINT NOT NULL,
	released_at BIGINT,
	PRIMARY KEY (month)
);
CREATE TABLE archived_aggregate (
	month TEXT NOT NULL,
	event_type TEXT NOT NULL,
	change_type TEXT NOT NULL,
	solution TEXT NOT NULL,
	count BIGINT NOT NULL,
	count_expected_error FLOAT NOT NULL,
	contributors BIGINT NOT NULL,
	contributors_expected_error FLOAT NOT NULL,
	epsilon FLOAT NOT NULL,
	PRIMARY KEY (month, event_type, change_type, solution)
);
CREATE TABLE audit_entry (
	entry_id BIGINT NOT NULL,
	recorded_at BIGINT NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	subject_digest BLOB NOT NULL,
	reference TEXT NOT NULL,
	details TEXT NOT NULL,
	previous_hash BLOB NOT NULL,
	hash BLOB NOT NULL,
	PRIMARY KEY (entry_id)
);
CREATE TABLE company (
	company_id TEXT NOT NULL,
	company_name TEXT,
	first_seen_at BIGINT NOT NULL,
	last_seen_at BIGINT NOT NULL, contact_name TEXT, contact_email TEXT, contact_phone TEXT, contact_note TEXT,
	PRIMARY KEY (company_id)
);
INSERT INTO "company" VALUES('acme',NULL,1783944000123456,1783944000123456,NULL,NULL,NULL,NULL);
INSERT INTO "company" VALUES('busag',NULL,1783944000123456,1783944000123456,NULL,NULL,NULL,NULL);
CREATE TABLE company_key (
	company_id TEXT NOT NULL,
	wrapped_key BLOB NOT NULL,
	PRIMARY KEY (company_id)
);
CREATE TABLE deletion (
	deletion_id VARCHAR(36) NOT NULL,
	subject_kind TEXT NOT NULL,
	subject_digest BLOB NOT NULL,
	stored_digest BLOB,
	origin TEXT NOT NULL,
	reference TEXT NOT NULL,
	request_id VARCHAR(36),
	state TEXT NOT NULL,
	also_opt_out BOOLEAN NOT NULL,
	scrub_now BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	confirmed_at BIGINT,
	cut_off_at BIGINT,
	erased_at BIGINT,
	scrubbed_at BIGINT,
	removed JSON NOT NULL,
	receipt BLOB,
	receipt_sequence BIGINT,
	company_id TEXT,
	deployment_id TEXT,
	server_uuid VARCHAR(36),
	user_id TEXT,
	PRIMARY KEY (deletion_id)
);
CREATE TABLE deployment (
	company_id TEXT NOT NULL,
	deployment_id TEXT NOT NULL,
	deployment_name TEXT,
	first_seen_at BIGINT NOT NULL,
	last_seen_at BIGINT NOT NULL,
	PRIMARY KEY (company_id, deployment_id)
);
INSERT INTO "deployment" VALUES('acme','d1',NULL,1783944000123456,1783944000123456);
INSERT INTO "deployment" VALUES('busag','d1',NULL,1783944000123456,1783944000123456);
CREATE TABLE element_stat (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	element_id TEXT NOT NULL,
	change_type TEXT NOT NULL,
	PRIMARY KEY (event_id)
);
INSERT INTO "element_stat" VALUES(1,1783944000123456,'01980000-0000-7000-8000-000000000001',1783944000000000,1783944000000000,NULL,'10','CREATE');
INSERT INTO "element_stat" VALUES(2,1783944000123456,'01980000-0000-7000-8000-000000000002',1783944000000000,1783944000000000,NULL,'10','CREATE');
INSERT INTO "element_stat" VALUES(3,1783944000123456,'01980000-0000-7000-8000-000000000004',1783944000000000,1783944000000000,NULL,'10','CREATE');
CREATE TABLE environment_stat (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	environment_id TEXT NOT NULL,
	change_type TEXT NOT NULL,
	PRIMARY KEY (event_id)
);
CREATE TABLE ingest_epoch (
	ingest_epoch_id INTEGER NOT NULL,
	epoch BIGINT NOT NULL,
	PRIMARY KEY (ingest_epoch_id)
);
INSERT INTO "ingest_epoch" VALUES(1,0);
CREATE TABLE integration_stat (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	integration TEXT NOT NULL,
	kind TEXT NOT NULL,
	change_type TEXT NOT NULL,
	PRIMARY KEY (event_id)
);
CREATE TABLE key_fingerprint (
	name TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	PRIMARY KEY (name)
);
CREATE TABLE opt_out (
	opt_out_id VARCHAR(36) NOT NULL,
	subject_digest BLOB NOT NULL,
	subject_kind TEXT NOT NULL,
	origin TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	revoked_at BIGINT, stored_digest BLOB, reference TEXT DEFAULT '' NOT NULL, request_id VARCHAR(36), epoch BIGINT DEFAULT '0' NOT NULL, company_id TEXT, deployment_id TEXT, server_uuid VARCHAR(36), user_id TEXT,
	PRIMARY KEY (opt_out_id)
);
CREATE TABLE ping (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	event_name TEXT NOT NULL,
	payload JSON,
	category TEXT,
	PRIMARY KEY (event_id)
);
INSERT INTO "ping" VALUES(2,1783944000123456,'01980000-0000-7000-8000-000000000003',1783944000000000,1783944000000000,NULL,'Started',NULL,NULL);
CREATE TABLE quarantined_event (
	quarantined_event_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	event_field_number INTEGER NOT NULL,
	reason INTEGER NOT NULL,
	envelope BLOB NOT NULL,
	UNIQUE (event_id, event_field_number)
);
CREATE TABLE retention_policy (
	event_type TEXT NOT NULL,
	retention_days INTEGER,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (event_type)
);
CREATE TABLE scheduled_job (
	name TEXT NOT NULL,
	finished_at BIGINT,
	progress JSON NOT NULL,
	PRIMARY KEY (name)
);
CREATE TABLE server (
	server_uuid VARCHAR(36) NOT NULL,
	first_seen_at BIGINT NOT NULL,
	last_seen_at BIGINT NOT NULL,
	PRIMARY KEY (server_uuid)
);
INSERT INTO "server" VALUES('0195f3d8-7165-41ec-8d28-2641d35f62cd',1783944000123456,1783944000123456);
CREATE TABLE server_ping (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	server_version TEXT,
	server_os TEXT,
	last_up_time BIGINT,
	"trigger" TEXT,
	PRIMARY KEY (event_id)
);
CREATE TABLE source (
	source_id INTEGER NOT NULL,
	fingerprint BLOB NOT NULL,
	origin TEXT NOT NULL,
	first_seen_at BIGINT NOT NULL,
	last_seen_at BIGINT NOT NULL,
	deletion_id VARCHAR(36),
	server_uuid VARCHAR(36),
	solution TEXT,
	version TEXT,
	company_id TEXT,
	company_name TEXT,
	deployment_id TEXT,
	deployment_name TEXT,
	instance_id TEXT,
	user_id TEXT,
	PRIMARY KEY (source_id),
	UNIQUE (fingerprint)
);
INSERT INTO "source" VALUES(1,X'C17787AB1B8D3DD8DA1BD62286D06B583F6109B876D3EB6A1FDE90224A19D26C','server',1783944000123456,1783944000123456,NULL,'0195f3d8-7165-41ec-8d28-2641d35f62cd',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "source" VALUES(2,X'3D57D837D52CE30DD3464FC5950057541E796EA680030229AFEA248D3E16DDA7','deployment',1783944000123456,1783944000123456,NULL,NULL,'Connects',NULL,'acme',NULL,'d1',NULL,NULL,NULL);
INSERT INTO "source" VALUES(3,X'70808E724108A6113795C80F9BD33A8C71756544E33CD949B02EF2FC17F332E3','deployment',1783944000123456,1783944000123456,NULL,NULL,'Connects',NULL,'busag',NULL,'d1',NULL,NULL,NULL);
CREATE TABLE test_case_stat (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	test_case_id TEXT NOT NULL,
	change_type TEXT NOT NULL,
	PRIMARY KEY (event_id)
);
CREATE TABLE test_data_stat (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	test_data_id TEXT NOT NULL,
	change_type TEXT NOT NULL,
	PRIMARY KEY (event_id)
);
CREATE TABLE test_plan_run_stat (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	test_plan_run_id TEXT NOT NULL,
	application_type TEXT,
	test_plan_type TEXT,
	test_plan_lab_type TEXT,
	change_type TEXT NOT NULL,
	PRIMARY KEY (event_id)
);
CREATE TABLE test_plan_stat (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	test_plan_id TEXT NOT NULL,
	application_type TEXT,
	test_plan_type TEXT,
	entity_type TEXT,
	change_type TEXT NOT NULL,
	PRIMARY KEY (event_id)
);
CREATE TABLE test_step_stat (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	test_step_id TEXT NOT NULL,
	test_case_id TEXT NOT NULL,
	change_type TEXT NOT NULL,
	PRIMARY KEY (event_id)
);
CREATE TABLE test_suite_stat (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	test_suite_id TEXT NOT NULL,
	change_type TEXT NOT NULL,
	PRIMARY KEY (event_id)
);
CREATE TABLE tombstone (
	subject_digest BLOB NOT NULL,
	subject_kind TEXT NOT NULL,
	stored_digest BLOB,
	deletion_id VARCHAR(36) NOT NULL,
	epoch BIGINT NOT NULL,
	cut_off_at BIGINT NOT NULL,
	PRIMARY KEY (subject_digest)
);
CREATE TABLE upload_stat (
	source_id BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	occurred_at BIGINT NOT NULL,
	occurred_at_corrected BIGINT NOT NULL,
	sequence BIGINT,
	upload_id TEXT NOT NULL,
	upload_extension TEXT,
	change_type TEXT NOT NULL,
	PRIMARY KEY (event_id)
);
CREATE INDEX quarantined_event_by_source ON quarantined_event (source_id, received_at);
CREATE INDEX opt_out_by_subject ON opt_out (subject_digest);
CREATE INDEX opt_out_by_epoch ON opt_out (epoch);
CREATE UNIQUE INDEX opt_out_by_request ON opt_out (request_id);
CREATE INDEX opt_out_by_company ON opt_out (company_id);
CREATE INDEX opt_out_by_server ON opt_out (server_uuid);
CREATE INDEX tombstone_by_epoch ON tombstone (epoch);
CREATE UNIQUE INDEX deletion_by_request ON deletion (request_id);
CREATE UNIQUE INDEX deletion_by_receipt ON deletion (receipt_sequence);
CREATE INDEX deletion_by_state ON deletion (state);
CREATE INDEX deletion_by_company ON deletion (company_id);
CREATE INDEX deletion_by_server ON deletion (server_uuid);
CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END;
CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END;
CREATE UNIQUE INDEX access_key_by_digest ON access_key (secret_digest);
CREATE UNIQUE INDEX access_key_by_request ON access_key (request_id);
CREATE INDEX access_key_by_company ON access_key (company_id);
CREATE INDEX source_by_company_id ON source (company_id);
CREATE INDEX source_by_deletion_id ON source (deletion_id);
CREATE INDEX source_by_server_uuid ON source (server_uuid);
CREATE INDEX server_ping_by_source ON server_ping (source_id, received_at);
CREATE INDEX agent_stat_by_source ON agent_stat (source_id, received_at);
CREATE INDEX agent_device_stat_by_source ON agent_device_stat (source_id, received_at);
CREATE INDEX element_stat_by_source ON element_stat (source_id, received_at);
CREATE INDEX environment_stat_by_source ON environment_stat (source_id, received_at);
CREATE INDEX test_case_stat_by_source ON test_case_stat (source_id, received_at);
CREATE INDEX test_data_stat_by_source ON test_data_stat (source_id, received_at);
CREATE INDEX test_step_stat_by_source ON test_step_stat (source_id, received_at);
CREATE INDEX test_suite_stat_by_source ON test_suite_stat (source_id, received_at);
CREATE INDEX upload_stat_by_source ON upload_stat (source_id, received_at);
CREATE INDEX test_plan_stat_by_source ON test_plan_stat (source_id, received_at);
CREATE INDEX test_plan_run_stat_by_source ON test_plan_run_stat (source_id, received_at);
CREATE INDEX integration_stat_by_source ON integration_stat (source_id, received_at);
CREATE INDEX ping_by_source ON ping (source_id, received_at);
DELETE FROM "sqlite_sequence";
COMMIT;
