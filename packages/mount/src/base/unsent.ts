/** A request that did not reach its server, or whose session had ended: it may be sent again. */
export class Unsent extends Error {}

/** Something that an operator must do. The message says what. */
export class NeedsAttention extends Error {}

/** A log-in is missing, or has ended. */
export class NeedsLogin extends NeedsAttention {}
