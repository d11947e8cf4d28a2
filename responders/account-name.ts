const MAX_LENGTH = 256;

/**
 * The name of an account or device as it may be sent to an identity system and shown to people:
 * 1 to 256 characters, none of them a control, direction or line character. Names come from logs,
 * so anybody may have chosen them; none that breaks this rule belongs to an account.
 */
export const isAccountName = (text: string): boolean =>
  text.length <= MAX_LENGTH && /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u.test(text);
