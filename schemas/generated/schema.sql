CREATE DATABASE IF NOT EXISTS `metsuke`;

CREATE TABLE IF NOT EXISTS `metsuke`.`events_raw` (
  `@timestamp` DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
  `event.id` String,
  `event.dataset` LowCardinality(String),
  `event.original` String CODEC(ZSTD(3)) TTL toDateTime(`event.ingested`) + INTERVAL 90 DAY,
  `event.original_encoding` LowCardinality(String),
  `event.ingested` DateTime64(6, 'UTC') DEFAULT `@timestamp` CODEC(Delta(8), ZSTD(1)),
  `event.created` Nullable(DateTime64(6, 'UTC')),
  `event.kind` LowCardinality(String),
  `event_category` Array(String),
  `event_type` Array(String),
  `event.action` LowCardinality(String),
  `event.outcome` LowCardinality(String),
  `event.reason` String,
  `event.code` LowCardinality(String),
  `event.provider` LowCardinality(String),
  `event.severity` Nullable(Int64),
  `event.duration` Nullable(Int64),
  `event.repeat_count` Nullable(Int64),
  `event.future` Nullable(Bool),
  `organization.id` LowCardinality(String) DEFAULT 'default',
  `user.name` String,
  `user.id` String,
  `user.domain` LowCardinality(String),
  `user.email` String,
  `user.full_name` String,
  `user.group.name` LowCardinality(String),
  `user.known` Nullable(Bool),
  `user.entity.id` String,
  `user.entity.type` LowCardinality(String),
  `user.target.name` String,
  `user.target.id` String,
  `user.effective.name` String,
  `source.ip` String,
  `source.port` Nullable(Int64),
  `source.bytes` Nullable(Int64),
  `source.geo.country_iso_code` LowCardinality(String),
  `source.geo.city_name` String,
  `source.geo.name` LowCardinality(String),
  `source.geo.location.lat` Nullable(Float64),
  `source.geo.location.lon` Nullable(Float64),
  `source.geo.radius_km` Nullable(Float64),
  `source.as.number` Nullable(Int64),
  `source.as.organization.name` String,
  `destination.ip` String,
  `destination.port` Nullable(Int64),
  `destination.bytes` Nullable(Int64),
  `destination.domain` String,
  `network.transport` LowCardinality(String),
  `network.protocol` LowCardinality(String),
  `network.bytes` Nullable(Int64),
  `network.community_id` String,
  `host.name` String,
  `host.id` String,
  `service.name` LowCardinality(String),
  `process.name` String,
  `process.pid` Nullable(Int64),
  `process.executable` String,
  `process.command_line` String CODEC(ZSTD(3)),
  `process.parent.name` String,
  `process.parent.executable` String,
  `file.path` String,
  `url.domain` String,
  `dns.question.name` String,
  `user_agent.original` String,
  `session.id` String,
  `auth.method` LowCardinality(String),
  `auth.mfa` Nullable(Bool),
  `auth.logon_type` LowCardinality(String),
  `auth.credential_id` String,
  `device.id` String,
  `device.managed` Nullable(Bool),
  `device.compliant` Nullable(Bool),
  `sender.transport` LowCardinality(String),
  `sender.id` String,
  `sender.ip` String,
  `sender.authenticated` Nullable(Bool),
  `ocsf.class_uid` Nullable(Int64),
  `ocsf.activity_id` Nullable(Int64),
  `message` String CODEC(ZSTD(3)),
  `attributes` String CODEC(ZSTD(3)),
  INDEX bloom_source_ip `source.ip` TYPE bloom_filter(0.01),
  INDEX bloom_session_id `session.id` TYPE bloom_filter(0.01),
  INDEX bloom_user_name `user.name` TYPE bloom_filter(0.01),
  INDEX bloom_event_id `event.id` TYPE bloom_filter(0.01)
) ENGINE = ReplacingMergeTree()
PARTITION BY if(toDate(`@timestamp`) < toDate(`event.ingested`) - 400 OR toDate(`@timestamp`) > toDate(`event.ingested`) + 1, 'odd', toString(toDate(`@timestamp`)))
ORDER BY (`organization.id`, toStartOfHour(`@timestamp`), `user.entity.id`, `@timestamp`, `event.id`)
TTL toDateTime(`event.ingested`) + INTERVAL 400 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS `metsuke`.`rejects_raw` (
  `reject.id` String,
  `@timestamp` DateTime64(6, 'UTC'),
  `reject.code` LowCardinality(String),
  `reject.reason` String,
  `reject.original` String CODEC(ZSTD(3)),
  `reject.original_encoding` LowCardinality(String),
  `event.dataset` LowCardinality(String),
  `organization.id` LowCardinality(String),
  `sender.transport` LowCardinality(String),
  `sender.id` String,
  `sender.ip` String,
  `sender.authenticated` Nullable(Bool)
) ENGINE = ReplacingMergeTree()
PARTITION BY toString(toDate(`@timestamp`))
ORDER BY (`organization.id`, toStartOfHour(`@timestamp`), `reject.id`)
TTL toDateTime(`@timestamp`) + INTERVAL 90 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS `metsuke`.`anomalies_raw` (
  `anomaly.id` String,
  `@timestamp` DateTime64(6, 'UTC'),
  `organization.id` LowCardinality(String),
  `detector.name` LowCardinality(String),
  `detector.version` LowCardinality(String),
  `threat_technique_id` Array(String),
  `entity.type` LowCardinality(String),
  `entity.id` String,
  `related.entities` String,
  `anomaly.p` Nullable(Float64),
  `anomaly.score` Float64,
  `anomaly.severity` UInt8,
  `anomaly.certain` Bool,
  `anomaly_families` Array(String),
  `anomaly.window.start` DateTime64(6, 'UTC'),
  `anomaly.late` Bool,
  `event_ids` Array(String),
  `evidence.authenticated` Bool,
  `evidence.success` Bool,
  `evidence_datasets` Array(String),
  `source.ip` String,
  `baseline.age_days` Int64,
  `population.entity_days` Int64,
  `population.active_users` Int64,
  `message` String,
  `explanation` String
) ENGINE = ReplacingMergeTree()
ORDER BY (`organization.id`, `anomaly.id`)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS `metsuke`.`scores_raw` (
  `organization.id` LowCardinality(String),
  `@timestamp` DateTime64(6, 'UTC'),
  `detector.name` LowCardinality(String),
  `detector.version` LowCardinality(String),
  `entity.type` LowCardinality(String),
  `entity.id` String,
  `day` LowCardinality(String),
  `anomaly.p` Nullable(Float64),
  `anomaly.score` Float64,
  `baseline.age_days` Int64,
  `score.closed` Bool,
  `log.appended` DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(`@timestamp`)
PARTITION BY if(toDateOrZero(day) < toDate(`log.appended`) - 400 OR toDateOrZero(day) > toDate(`log.appended`) + 1, 'odd', toString(toDateOrZero(day)))
ORDER BY (`organization.id`, day, `entity.type`, `entity.id`, `detector.name`, `detector.version`)
TTL toDateTime(`log.appended`) + INTERVAL 400 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS `metsuke`.`incidents_raw` (
  `incident.id` String,
  `incident.revision` UInt64,
  `organization.id` LowCardinality(String),
  `@timestamp` DateTime64(6, 'UTC'),
  `incident.last` DateTime64(6, 'UTC'),
  `incident.entities` String,
  `anomaly_ids` Array(String),
  `paged_anomaly_ids` Array(String),
  `page_decisions` Array(String),
  `page_days` Array(String),
  `page.promise` Nullable(Float64),
  `incident_families` Array(String),
  `incident.risk` Float64,
  `message` String
) ENGINE = ReplacingMergeTree(`incident.revision`)
ORDER BY (`organization.id`, `incident.id`)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS `metsuke`.`actions_raw` (
  `action.id` String,
  `action.revision` UInt64,
  `organization.id` LowCardinality(String),
  `@timestamp` DateTime64(6, 'UTC'),
  `action.type` LowCardinality(String),
  `action.status` LowCardinality(String),
  `action.step` LowCardinality(String),
  `action.attempt` Int64,
  `action.deadline` Nullable(DateTime64(6, 'UTC')),
  `responder.name` LowCardinality(String),
  `target.type` LowCardinality(String),
  `target.id` String,
  `target.account` String,
  `incident.id` String,
  `anomaly_ids` Array(String),
  `detector.name` LowCardinality(String),
  `policy.line` LowCardinality(String),
  `guard.name` LowCardinality(String),
  `guard.reason` String,
  `lease.started` Nullable(DateTime64(6, 'UTC')),
  `lease.expires` Nullable(DateTime64(6, 'UTC')),
  `lease.seconds` Int64,
  `action.prior_state` String,
  `action.outcome` String,
  `event_ids` Array(String),
  `requested.by` String,
  `updated.at` DateTime64(6, 'UTC'),
  `message` String
) ENGINE = ReplacingMergeTree(`action.revision`)
ORDER BY (`organization.id`, `action.id`)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS `metsuke`.`control_raw` (
  `@timestamp` DateTime64(6, 'UTC'),
  `organization.id` LowCardinality(String),
  `control.kind` LowCardinality(String),
  `control.name` String,
  `control.value` String,
  `control.removed` Bool,
  `control.by` String
) ENGINE = ReplacingMergeTree()
ORDER BY (`organization.id`, `control.kind`, `control.name`, `control.value`, `@timestamp`, `control.removed`)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE OR REPLACE VIEW `metsuke`.`events` AS SELECT
  `@timestamp`,
  `@timestamp` AS ts,
  `event.id`,
  `event.dataset`,
  `event.original`,
  `event.original_encoding`,
  `event.ingested`,
  `event.created`,
  `event.kind`,
  `event_category` AS `event.category`,
  `event_type` AS `event.type`,
  `event.action`,
  `event.outcome`,
  `event.reason`,
  `event.code`,
  `event.provider`,
  `event.severity`,
  `event.duration`,
  `event.repeat_count`,
  `event.future`,
  `organization.id`,
  `user.name`,
  `user.id`,
  `user.domain`,
  `user.email`,
  `user.full_name`,
  `user.group.name`,
  `user.known`,
  `user.entity.id`,
  `user.entity.type`,
  `user.target.name`,
  `user.target.id`,
  `user.effective.name`,
  `source.ip`,
  `source.port`,
  `source.bytes`,
  `source.geo.country_iso_code`,
  `source.geo.city_name`,
  `source.geo.name`,
  `source.geo.location.lat`,
  `source.geo.location.lon`,
  `source.geo.radius_km`,
  `source.as.number`,
  `source.as.organization.name`,
  `destination.ip`,
  `destination.port`,
  `destination.bytes`,
  `destination.domain`,
  `network.transport`,
  `network.protocol`,
  `network.bytes`,
  `network.community_id`,
  `host.name`,
  `host.id`,
  `service.name`,
  `process.name`,
  `process.pid`,
  `process.executable`,
  `process.command_line`,
  `process.parent.name`,
  `process.parent.executable`,
  `file.path`,
  `url.domain`,
  `dns.question.name`,
  `user_agent.original`,
  `session.id`,
  `auth.method`,
  `auth.mfa`,
  `auth.logon_type`,
  `auth.credential_id`,
  `device.id`,
  `device.managed`,
  `device.compliant`,
  `sender.transport`,
  `sender.id`,
  `sender.ip`,
  `sender.authenticated`,
  `ocsf.class_uid`,
  `ocsf.activity_id`,
  `message`,
  `attributes`
FROM `metsuke`.`events_raw` FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW `metsuke`.`rejects` AS SELECT
  `reject.id`,
  `@timestamp`,
  `@timestamp` AS ts,
  `reject.code`,
  `reject.reason`,
  `reject.original`,
  `reject.original_encoding`,
  `event.dataset`,
  `organization.id`,
  `sender.transport`,
  `sender.id`,
  `sender.ip`,
  `sender.authenticated`
FROM `metsuke`.`rejects_raw` FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW `metsuke`.`anomalies` AS SELECT
  `anomaly.id`,
  `@timestamp`,
  `@timestamp` AS ts,
  `organization.id`,
  `detector.name`,
  `detector.version`,
  `threat_technique_id` AS `threat.technique.id`,
  `entity.type`,
  `entity.id`,
  `related.entities`,
  `anomaly.p`,
  `anomaly.score`,
  `anomaly.severity`,
  `anomaly.certain`,
  `anomaly_families` AS `anomaly.families`,
  `anomaly.window.start`,
  `anomaly.late`,
  `event_ids` AS `event.ids`,
  `evidence.authenticated`,
  `evidence.success`,
  `evidence_datasets` AS `evidence.datasets`,
  `source.ip`,
  `baseline.age_days`,
  `population.entity_days`,
  `population.active_users`,
  `message`,
  `explanation`,
  `anomaly.id` IN (SELECT arrayJoin(paged_anomaly_ids) FROM `metsuke`.incidents_raw FINAL) AS `anomaly.alert`
FROM `metsuke`.`anomalies_raw` FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW `metsuke`.`scores` AS SELECT
  `organization.id`,
  `@timestamp`,
  `@timestamp` AS ts,
  `detector.name`,
  `detector.version`,
  `entity.type`,
  `entity.id`,
  `day`,
  `anomaly.p`,
  `anomaly.score`,
  `baseline.age_days`,
  `score.closed`
FROM `metsuke`.`scores_raw` FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW `metsuke`.`incidents` AS SELECT
  `incident.id`,
  `incident.revision`,
  `organization.id`,
  `@timestamp`,
  `@timestamp` AS ts,
  `incident.last`,
  `incident.entities`,
  `anomaly_ids` AS `anomaly.ids`,
  `paged_anomaly_ids` AS `paged.anomaly.ids`,
  `page_decisions` AS `page.decisions`,
  `page_days` AS `page.days`,
  `page.promise`,
  `incident_families` AS `incident.families`,
  `incident.risk`,
  `message`
FROM `metsuke`.`incidents_raw` FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW `metsuke`.`actions` AS SELECT
  `action.id`,
  `action.revision`,
  `organization.id`,
  `@timestamp`,
  `@timestamp` AS ts,
  `action.type`,
  `action.status`,
  `action.step`,
  `action.attempt`,
  `action.deadline`,
  `responder.name`,
  `target.type`,
  `target.id`,
  `target.account`,
  `incident.id`,
  `anomaly_ids` AS `anomaly.ids`,
  `detector.name`,
  `policy.line`,
  `guard.name`,
  `guard.reason`,
  `lease.started`,
  `lease.expires`,
  `lease.seconds`,
  `action.prior_state`,
  `action.outcome`,
  `event_ids` AS `event.ids`,
  `requested.by`,
  `updated.at`,
  `message`
FROM `metsuke`.`actions_raw` FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW `metsuke`.`control` AS SELECT
  `@timestamp`,
  `@timestamp` AS ts,
  `organization.id`,
  `control.kind`,
  `control.name`,
  `control.value`,
  `control.removed`,
  `control.by`
FROM `metsuke`.`control_raw` FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW `metsuke`.`pages` AS WITH
decisions AS (
  SELECT tenant, one.1 AS id,
    argMax((incident, if(is_page, 'paged', one.2), one.3, promise), (is_page, one.2 != 'late', incident)) AS best
  FROM (
    SELECT `organization.id` AS tenant, `incident.id` AS incident, `page.promise` AS promise,
      arrayJoin(arrayConcat(
        arrayZip(anomaly_ids, arrayResize(page_decisions, length(anomaly_ids)), arrayResize(page_days, length(anomaly_ids))),
        arrayMap(id -> (id, 'paged', ''), arrayFilter(id -> NOT has(anomaly_ids, id), paged_anomaly_ids))
      )) AS one,
      has(paged_anomaly_ids, one.1) AS is_page
    FROM `metsuke`.incidents_raw FINAL
  )
  GROUP BY tenant, id
),
verdicts AS (
  SELECT `organization.id` AS tenant, `control.name` AS id,
    argMax(if(`control.removed`, '', lower(`control.value`)), (`@timestamp`, `control.removed`)) AS verdict
  FROM `metsuke`.control_raw FINAL
  WHERE `control.kind` = 'verdict'
  GROUP BY tenant, id
)
SELECT
  found.`organization.id` AS `organization.id`,
  if(decisions.best.3 = '', toString(toDate(found.`@timestamp`)), decisions.best.3) AS `page.day`,
  if(decisions.best.2 = '', 'unlisted', decisions.best.2) AS `page.decision`,
  decisions.best.4 AS `page.promise`,
  decisions.best.1 AS `incident.id`,
  found.`anomaly.id` AS `anomaly.id`,
  found.`@timestamp` AS `@timestamp`,
  found.`@timestamp` AS ts,
  found.`detector.name` AS `detector.name`,
  found.`entity.type` AS `entity.type`,
  found.`entity.id` AS `entity.id`,
  found.`anomaly.p` AS `anomaly.p`,
  found.`anomaly.severity` AS `anomaly.severity`,
  found.`anomaly.certain` AS `anomaly.certain`,
  verdicts.verdict AS `anomaly.verdict`,
  found.message AS message
FROM (SELECT * FROM `metsuke`.anomalies_raw FINAL) AS found
LEFT JOIN decisions ON decisions.tenant = found.`organization.id` AND decisions.id = found.`anomaly.id`
LEFT JOIN verdicts ON verdicts.tenant = found.`organization.id` AND verdicts.id = found.`anomaly.id`;

CREATE OR REPLACE VIEW `metsuke`.`overflow` AS SELECT * FROM `metsuke`.pages
WHERE `page.decision` != 'paged'
ORDER BY `organization.id`, `page.day`, `anomaly.certain` DESC, `anomaly.p` ASC NULLS LAST,
  `anomaly.severity` DESC, `anomaly.id`;

CREATE OR REPLACE VIEW `metsuke`.`budget` AS WITH
days AS (
  SELECT `organization.id`, toDate(`page.day`) AS day,
    arrayJoin(['all', toString(`detector.name`)]) AS `detector.name`,
    argMax(`page.promise`, ts) AS promised,
    countIf(`page.decision` = 'paged') AS pages,
    countIf(`page.decision` = 'paged' AND `anomaly.certain`) AS certain,
    countIf(`page.decision` = 'paged' AND `anomaly.verdict` = 'malicious') AS malicious,
    countIf(`page.decision` = 'paged' AND `anomaly.verdict` = 'benign') AS benign,
    count() AS anomalies,
    countIf(`page.decision` = 'over_budget') AS over_budget,
    countIf(`page.decision` = 'folded') AS folded,
    countIf(`page.decision` = 'slight') AS slight,
    countIf(`page.decision` = 'late') AS late,
    countIf(`page.decision` = 'unlisted') AS unlisted
  FROM `metsuke`.pages
  GROUP BY `organization.id`, day, `detector.name`
),
since AS (
  SELECT *, least(30, day - min(day) OVER (PARTITION BY `organization.id`) + 1) AS mean_over_days
  FROM days
)
SELECT *,
  sum(pages) OVER month / mean_over_days AS pages_mean,
  sum(pages - malicious) OVER month / mean_over_days AS false_mean
FROM since
WINDOW month AS (
  PARTITION BY `organization.id`, `detector.name` ORDER BY day RANGE BETWEEN 29 PRECEDING AND CURRENT ROW
)
ORDER BY `organization.id`, day, `detector.name`;
