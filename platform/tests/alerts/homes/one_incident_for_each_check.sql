BEGIN TRANSACTION;
CREATE TABLE bankmesh_alert_cursor (
	domain VARCHAR(200) NOT NULL, 
	position BIGINT NOT NULL, 
	PRIMARY KEY (domain)
);
INSERT INTO "bankmesh_alert_cursor" VALUES('retail',10);
CREATE TABLE bankmesh_alert_delivery (
	notice_id VARCHAR(60) NOT NULL, 
	route VARCHAR(400) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	attempts INTEGER NOT NULL, 
	since FLOAT NOT NULL, 
	next_attempt_at FLOAT NOT NULL, 
	confirmed_at FLOAT, 
	error TEXT, 
	PRIMARY KEY (notice_id, route)
);
INSERT INTO "bankmesh_alert_delivery" VALUES('c428a180f7dc-1','hook','confirmed',1,1767596400.0,1767596400.0,1767596400.0,NULL);
INSERT INTO "bankmesh_alert_delivery" VALUES('4060b0b30514-1','hook','confirmed',1,1767596400.0,1767596400.0,1767596400.0,NULL);
INSERT INTO "bankmesh_alert_delivery" VALUES('07b1b749a83b-1','hook','confirmed',1,1767596400.0,1767596400.0,1767596400.0,NULL);
INSERT INTO "bankmesh_alert_delivery" VALUES('743da066627a-1','hook','confirmed',1,1767596400.0,1767596400.0,1767596400.0,NULL);
INSERT INTO "bankmesh_alert_delivery" VALUES('7cfb505b2500-1','hook','confirmed',1,1767596400.0,1767596400.0,1767596400.0,NULL);
INSERT INTO "bankmesh_alert_delivery" VALUES('20ad8c84f29f-1','hook','pending',0,1767596400.0,1767596400.0,NULL,NULL);
CREATE TABLE bankmesh_alert_incident (
	id VARCHAR(40) NOT NULL, 
	domain VARCHAR(200) NOT NULL, 
	body TEXT NOT NULL, 
	held BOOLEAN NOT NULL, 
	opened_at FLOAT NOT NULL, 
	closed_at FLOAT, 
	PRIMARY KEY (id)
);
INSERT INTO "bankmesh_alert_incident" VALUES('c428a180f7dc','retail','{"assets": ["retail/party"], "awaits": null, "causes": [], "changed_at": "2026-01-05T06:01:00+00:00", "check": "has_rows", "failing_rows": 4, "id": "c428a180f7dc", "job": null, "kind": "check", "name": "check:retail/party:has_rows", "notices": 1, "opened_at": "2026-01-05T06:01:00+00:00", "outcome": "failed", "rows": 9, "run_id": "run-1", "severity": "error", "times": 1, "units": [], "waiting": []}',0,1767592860.0,NULL);
INSERT INTO "bankmesh_alert_incident" VALUES('4060b0b30514','retail','{"assets": ["retail/party"], "awaits": null, "causes": [], "changed_at": "2026-01-05T06:02:00+00:00", "check": "schema", "failing_rows": null, "id": "4060b0b30514", "job": null, "kind": "check", "name": "check:retail/party:schema", "notices": 1, "opened_at": "2026-01-05T06:02:00+00:00", "outcome": "failed", "rows": null, "run_id": "run-2", "severity": "error", "times": 1, "units": ["retail/party|2026-02", "retail/party|2026-03"], "waiting": ["retail/party|2026-02", "retail/party|2026-03"]}',0,1767592920.0,NULL);
INSERT INTO "bankmesh_alert_incident" VALUES('07b1b749a83b','retail','{"assets": ["retail/party"], "awaits": null, "causes": [], "changed_at": "2026-01-05T06:03:00+00:00", "check": "once", "failing_rows": null, "id": "07b1b749a83b", "job": null, "kind": "check", "name": "check:retail/party:once", "notices": 1, "opened_at": "2026-01-05T06:03:00+00:00", "outcome": "failed", "rows": null, "run_id": "run-3", "severity": "warning", "times": 1, "units": [], "waiting": []}',0,1767592980.0,1767596400.0);
INSERT INTO "bankmesh_alert_incident" VALUES('743da066627a','retail','{"assets": ["retail/account", "retail/loan"], "awaits": null, "causes": ["LegacyFileError"], "changed_at": "2026-01-05T06:09:00+00:00", "check": null, "failing_rows": null, "id": "743da066627a", "job": "__ASSET_JOB", "kind": "run", "name": "run:run-4", "notices": 1, "opened_at": "2026-01-05T06:04:00+00:00", "outcome": "failed", "rows": null, "run_id": "run-4", "severity": "error", "times": 1, "units": ["retail/account|2026-01", "retail/account|2026-02", "retail/loan"], "waiting": ["retail/account|2026-02", "retail/loan"]}',0,1767593040.0,NULL);
INSERT INTO "bankmesh_alert_incident" VALUES('7cfb505b2500','retail','{"assets": [], "awaits": null, "causes": ["Broken"], "changed_at": "2026-01-05T06:05:00+00:00", "check": null, "failing_rows": null, "id": "7cfb505b2500", "job": "expiry", "kind": "run", "name": "run:run-5", "notices": 1, "opened_at": "2026-01-05T06:05:00+00:00", "outcome": "failed", "rows": null, "run_id": "run-5", "severity": "error", "times": 1, "units": ["job:expiry"], "waiting": ["job:expiry"]}',0,1767593100.0,NULL);
INSERT INTO "bankmesh_alert_incident" VALUES('20ad8c84f29f','retail','{"assets": ["retail/party"], "awaits": null, "causes": [], "changed_at": "2026-01-05T06:06:00+00:00", "check": null, "failing_rows": null, "id": "20ad8c84f29f", "job": null, "kind": "freshness", "name": "freshness:retail/party", "notices": 1, "opened_at": "2026-01-05T06:06:00+00:00", "outcome": "late", "rows": null, "run_id": "", "severity": "error", "times": 1, "units": [], "waiting": []}',0,1767593160.0,NULL);
INSERT INTO "bankmesh_alert_incident" VALUES('61bed6e8614c','retail','{"assets": ["retail/holding"], "awaits": "run-7", "causes": [], "changed_at": "2026-01-05T06:07:00+00:00", "check": null, "failing_rows": null, "id": "61bed6e8614c", "job": "__ASSET_JOB", "kind": "run", "name": "run:run-7", "notices": 0, "opened_at": "2026-01-05T06:07:00+00:00", "outcome": "failed", "rows": null, "run_id": "run-7", "severity": "error", "times": 1, "units": ["retail/holding"], "waiting": ["retail/holding"]}',1,1767593220.0,NULL);
INSERT INTO "bankmesh_alert_incident" VALUES('ffc17ea7196a','retail','{"assets": ["retail/party"], "awaits": null, "causes": [], "changed_at": "2026-01-05T06:10:00+00:00", "check": "later", "failing_rows": null, "id": "ffc17ea7196a", "job": null, "kind": "check", "name": "check:retail/party:later", "notices": 1, "opened_at": "2026-01-05T06:10:00+00:00", "outcome": "errored", "rows": null, "run_id": "run-10", "severity": "error", "times": 1, "units": [], "waiting": []}',0,1767593400.0,NULL);
CREATE TABLE bankmesh_alert_notice (
	number INTEGER NOT NULL, 
	id VARCHAR(60) NOT NULL, 
	domain VARCHAR(200) NOT NULL, 
	incident_id VARCHAR(40) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	body TEXT NOT NULL, 
	told_at FLOAT NOT NULL, 
	routed BOOLEAN NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (id)
);
INSERT INTO "bankmesh_alert_notice" VALUES(1,'c428a180f7dc-1','retail','c428a180f7dc','opened','{"assets": ["retail/party"], "awaits": null, "causes": [], "changed_at": "2026-01-05T06:01:00+00:00", "check": "has_rows", "failing_rows": 4, "id": "c428a180f7dc", "job": null, "kind": "check", "name": "check:retail/party:has_rows", "notices": 1, "opened_at": "2026-01-05T06:01:00+00:00", "outcome": "failed", "rows": 9, "run_id": "run-1", "severity": "error", "times": 1, "units": [], "waiting": []}',1767592860.0,1);
INSERT INTO "bankmesh_alert_notice" VALUES(2,'4060b0b30514-1','retail','4060b0b30514','opened','{"assets": ["retail/party"], "awaits": null, "causes": [], "changed_at": "2026-01-05T06:02:00+00:00", "check": "schema", "failing_rows": null, "id": "4060b0b30514", "job": null, "kind": "check", "name": "check:retail/party:schema", "notices": 1, "opened_at": "2026-01-05T06:02:00+00:00", "outcome": "failed", "rows": null, "run_id": "run-2", "severity": "error", "times": 1, "units": ["retail/party|2026-02", "retail/party|2026-03"], "waiting": ["retail/party|2026-02", "retail/party|2026-03"]}',1767592920.0,1);
INSERT INTO "bankmesh_alert_notice" VALUES(3,'07b1b749a83b-1','retail','07b1b749a83b','opened','{"assets": ["retail/party"], "awaits": null, "causes": [], "changed_at": "2026-01-05T06:03:00+00:00", "check": "once", "failing_rows": null, "id": "07b1b749a83b", "job": null, "kind": "check", "name": "check:retail/party:once", "notices": 1, "opened_at": "2026-01-05T06:03:00+00:00", "outcome": "failed", "rows": null, "run_id": "run-3", "severity": "warning", "times": 1, "units": [], "waiting": []}',1767592980.0,1);
INSERT INTO "bankmesh_alert_notice" VALUES(4,'743da066627a-1','retail','743da066627a','opened','{"assets": ["retail/account", "retail/loan"], "awaits": null, "causes": ["LegacyFileError"], "changed_at": "2026-01-05T06:04:00+00:00", "check": null, "failing_rows": null, "id": "743da066627a", "job": "__ASSET_JOB", "kind": "run", "name": "run:run-4", "notices": 1, "opened_at": "2026-01-05T06:04:00+00:00", "outcome": "failed", "rows": null, "run_id": "run-4", "severity": "error", "times": 1, "units": ["retail/account|2026-01", "retail/account|2026-02", "retail/loan"], "waiting": ["retail/account|2026-01", "retail/account|2026-02", "retail/loan"]}',1767593040.0,1);
INSERT INTO "bankmesh_alert_notice" VALUES(5,'7cfb505b2500-1','retail','7cfb505b2500','opened','{"assets": [], "awaits": null, "causes": ["Broken"], "changed_at": "2026-01-05T06:05:00+00:00", "check": null, "failing_rows": null, "id": "7cfb505b2500", "job": "expiry", "kind": "run", "name": "run:run-5", "notices": 1, "opened_at": "2026-01-05T06:05:00+00:00", "outcome": "failed", "rows": null, "run_id": "run-5", "severity": "error", "times": 1, "units": ["job:expiry"], "waiting": ["job:expiry"]}',1767593100.0,1);
INSERT INTO "bankmesh_alert_notice" VALUES(6,'20ad8c84f29f-1','retail','20ad8c84f29f','opened','{"assets": ["retail/party"], "awaits": null, "causes": [], "changed_at": "2026-01-05T06:06:00+00:00", "check": null, "failing_rows": null, "id": "20ad8c84f29f", "job": null, "kind": "freshness", "name": "freshness:retail/party", "notices": 1, "opened_at": "2026-01-05T06:06:00+00:00", "outcome": "late", "rows": null, "run_id": "", "severity": "error", "times": 1, "units": [], "waiting": []}',1767593160.0,1);
INSERT INTO "bankmesh_alert_notice" VALUES(7,'07b1b749a83b-2','retail','07b1b749a83b','recovered','{"assets": ["retail/party"], "awaits": null, "causes": [], "changed_at": "2026-01-05T06:08:00+00:00", "check": "once", "failing_rows": null, "id": "07b1b749a83b", "job": null, "kind": "check", "name": "check:retail/party:once", "notices": 2, "opened_at": "2026-01-05T06:03:00+00:00", "outcome": "recovered", "rows": null, "run_id": "run-8", "severity": "warning", "times": 1, "units": [], "waiting": []}',1767593280.0,0);
INSERT INTO "bankmesh_alert_notice" VALUES(8,'ffc17ea7196a-1','retail','ffc17ea7196a','opened','{"assets": ["retail/party"], "awaits": null, "causes": [], "changed_at": "2026-01-05T06:10:00+00:00", "check": "later", "failing_rows": null, "id": "ffc17ea7196a", "job": null, "kind": "check", "name": "check:retail/party:later", "notices": 1, "opened_at": "2026-01-05T06:10:00+00:00", "outcome": "errored", "rows": null, "run_id": "run-10", "severity": "error", "times": 1, "units": [], "waiting": []}',1767593400.0,0);
CREATE INDEX ix_bankmesh_alert_incident_domain ON bankmesh_alert_incident (domain);
CREATE INDEX ix_bankmesh_alert_incident_closed_at ON bankmesh_alert_incident (closed_at);
CREATE INDEX ix_bankmesh_alert_notice_routed ON bankmesh_alert_notice (routed);
CREATE INDEX ix_bankmesh_alert_notice_domain ON bankmesh_alert_notice (domain);
CREATE INDEX ix_bankmesh_alert_notice_incident_id ON bankmesh_alert_notice (incident_id);
CREATE INDEX ix_bankmesh_alert_delivery_state ON bankmesh_alert_delivery (state);
COMMIT;
