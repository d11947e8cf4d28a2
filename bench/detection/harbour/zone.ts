/** Zone of the organisation's headquarters: its days are the days of reports. */
export const TIMEZONE = "Europe/Amsterdam";
