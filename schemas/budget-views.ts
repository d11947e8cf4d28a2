import { quoted } from "./ddl-columns.ts";

/**
 * Views over what the page budget decided:
 *
 * - `pages`: each anomaly with its decision (`page.decision`, see the field), the day of the
 *   organisation's zone it counts to, the promise then in force and what an operator judged it
 *   (`anomaly.verdict`, '' where nobody did). `unlisted`: beyond the 256 that an incident lists, or
 *   not decided yet; its day is then that of UTC.
 * - `overflow`: what was not paged, a day in the order in which it deserves to be looked at.
 * - `budget`: promised and realised, a day and detector; `all` stands for all detectors together,
 *   which is what the promise is about.
 */
export const budgetViews = (database: string): string[] => [
  view(database, "pages", pages(database)),
  view(database, "overflow", overflow(database)),
  view(database, "budget", budget(database)),
];

const view = (database: string, name: string, select: string): string =>
  `CREATE OR REPLACE VIEW ${quoted(database)}.${quoted(name)} AS ${select}`;

/** A late finding may come again in time, then perhaps in another incident: the page counts. */
const pages = (database: string): string => `WITH
decisions AS (
  SELECT tenant, one.1 AS id,
    argMax((incident, if(is_page, 'paged', one.2), one.3, promise), (is_page, one.2 != 'late', incident)) AS best
  FROM (
    SELECT \`organization.id\` AS tenant, \`incident.id\` AS incident, \`page.promise\` AS promise,
      arrayJoin(arrayConcat(
        arrayZip(anomaly_ids, arrayResize(page_decisions, length(anomaly_ids)), arrayResize(page_days, length(anomaly_ids))),
        arrayMap(id -> (id, 'paged', ''), arrayFilter(id -> NOT has(anomaly_ids, id), paged_anomaly_ids))
      )) AS one,
      has(paged_anomaly_ids, one.1) AS is_page
    FROM ${quoted(database)}.incidents_raw FINAL
  )
  GROUP BY tenant, id
),
verdicts AS (
  SELECT \`organization.id\` AS tenant, \`control.name\` AS id,
    argMax(if(\`control.removed\`, '', lower(\`control.value\`)), (\`@timestamp\`, \`control.removed\`)) AS verdict
  FROM ${quoted(database)}.control_raw FINAL
  WHERE \`control.kind\` = 'verdict'
  GROUP BY tenant, id
)
SELECT
  found.\`organization.id\` AS \`organization.id\`,
  if(decisions.best.3 = '', toString(toDate(found.\`@timestamp\`)), decisions.best.3) AS \`page.day\`,
  if(decisions.best.2 = '', 'unlisted', decisions.best.2) AS \`page.decision\`,
  decisions.best.4 AS \`page.promise\`,
  decisions.best.1 AS \`incident.id\`,
  found.\`anomaly.id\` AS \`anomaly.id\`,
  found.\`@timestamp\` AS \`@timestamp\`,
  found.\`@timestamp\` AS ts,
  found.\`detector.name\` AS \`detector.name\`,
  found.\`entity.type\` AS \`entity.type\`,
  found.\`entity.id\` AS \`entity.id\`,
  found.\`anomaly.p\` AS \`anomaly.p\`,
  found.\`anomaly.severity\` AS \`anomaly.severity\`,
  found.\`anomaly.certain\` AS \`anomaly.certain\`,
  verdicts.verdict AS \`anomaly.verdict\`,
  found.message AS message
FROM (SELECT * FROM ${quoted(database)}.anomalies_raw FINAL) AS found
LEFT JOIN decisions ON decisions.tenant = found.\`organization.id\` AND decisions.id = found.\`anomaly.id\`
LEFT JOIN verdicts ON verdicts.tenant = found.\`organization.id\` AND verdicts.id = found.\`anomaly.id\``;

const overflow = (database: string): string => `SELECT * FROM ${quoted(database)}.pages
WHERE \`page.decision\` != 'paged'
ORDER BY \`organization.id\`, \`page.day\`, \`anomaly.certain\` DESC, \`anomaly.p\` ASC NULLS LAST,
  \`anomaly.severity\` DESC, \`anomaly.id\``;

/** Means are over calendar days, those without a finding too, since the first finding of the tenant. */
const budget = (database: string): string => `WITH
days AS (
  SELECT \`organization.id\`, toDate(\`page.day\`) AS day,
    arrayJoin(['all', toString(\`detector.name\`)]) AS \`detector.name\`,
    argMax(\`page.promise\`, ts) AS promised,
    countIf(\`page.decision\` = 'paged') AS pages,
    countIf(\`page.decision\` = 'paged' AND \`anomaly.certain\`) AS certain,
    countIf(\`page.decision\` = 'paged' AND \`anomaly.verdict\` = 'malicious') AS malicious,
    countIf(\`page.decision\` = 'paged' AND \`anomaly.verdict\` = 'benign') AS benign,
    count() AS anomalies,
    countIf(\`page.decision\` = 'over_budget') AS over_budget,
    countIf(\`page.decision\` = 'folded') AS folded,
    countIf(\`page.decision\` = 'slight') AS slight,
    countIf(\`page.decision\` = 'late') AS late,
    countIf(\`page.decision\` = 'unlisted') AS unlisted
  FROM ${quoted(database)}.pages
  GROUP BY \`organization.id\`, day, \`detector.name\`
),
since AS (
  SELECT *, least(30, day - min(day) OVER (PARTITION BY \`organization.id\`) + 1) AS mean_over_days
  FROM days
)
SELECT *,
  sum(pages) OVER month / mean_over_days AS pages_mean,
  sum(pages - malicious) OVER month / mean_over_days AS false_mean
FROM since
WINDOW month AS (
  PARTITION BY \`organization.id\`, \`detector.name\` ORDER BY day RANGE BETWEEN 29 PRECEDING AND CURRENT ROW
)
ORDER BY \`organization.id\`, day, \`detector.name\``;
