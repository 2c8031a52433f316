/** Loaded before a command: says in the end how much memory it took at most. */
process.on('exit', () => process.stderr.write(`maxrss ${process.resourceUsage().maxRSS}\n`));
