/**
 * Rules of this project that oxlint has no rule for; `.oxlintrc.json` says where they hold.
 *
 * @typedef {{ type: string, name?: string, callee: Node, object: Node, property: Node, arguments: Node[] }} Node the part of the syntax tree looked at
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
    /** @param {Node} node @param {string} name */
    const isNamed = (node, name) => node.type === 'Identifier' && node.name === name;
    /** @param {Node} node */
    const report = (node) => context.report({ node, message: 'Take the time from the clock that you are given.' });
    return {
      NewExpression(node) {
        // With an argument it only turns a time that is given into words.
        if (isNamed(node.callee, 'Date') && node.arguments.length === 0) report(node);
      },
      MemberExpression(node) {
        const isTime = isNamed(node.object, 'performance') && isNamed(node.property, 'now');
        if (isTime || isNamed(node.object, 'Date')) report(node);
      },
    };
  },
};

export default { meta: { name: 'ballast' }, rules: { 'no-number-call': noNumberCall, 'no-clock': noClock } };
