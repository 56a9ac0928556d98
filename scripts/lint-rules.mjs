/**
 * Rules of this project that oxlint has no rule for; `.oxlintrc.json` says where they hold.
 *
 * @typedef {{ type: string, name?: string, callee: Node, object: Node }} Node the part of the syntax tree looked at
 * @typedef {{ report(problem: { node: Node, message: string }): void }} Context
 * @typedef {{ create(context: Context): Record<string, (node: Node) => void> }} Rule
 */

/** `Number('')` is 0 and `Number('0x10')` is 16: neither belongs where bytes of the wire are read.
 *  @type {Rule}
 */
const noNumberCall = {
  create: (context) => ({
    CallExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Number') {
        context.report({ node, message: "Number('') is 0 and Number('0x10') is 16. Read the digits one by one." });
      }
    },
  }),
};

/**
 * Tests own time: these folders are told the time by their `clock.ts`, or by an argument.
 * @type {Rule}
 */
const noClock = {
  create: (context) => {
    /** @param {Node} node */
    const isClock = (node) => node.type === 'Identifier' && (node.name === 'Date' || node.name === 'performance');
    /** @param {Node} node */
    const report = (node) => context.report({ node, message: 'Take the time from the clock that you are given.' });
    return {
      NewExpression(node) {
        if (isClock(node.callee)) report(node);
      },
      MemberExpression(node) {
        if (isClock(node.object)) report(node);
      },
    };
  },
};

export default { meta: { name: 'ballast' }, rules: { 'no-number-call': noNumberCall, 'no-clock': noClock } };
