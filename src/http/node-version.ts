/** Of this package. Written here, since a bundle has no package.json beside it. */
export const version = "0.1.0";

/** What `engines` of the package says. */
const needed = [22, 19] as const;

/** An older one would end in an error about something that it does not have. Loaded first, by the index and by the command. */
const { node } = process.versions;
const [major = 0, minor = 0] = node.split(".").map(Number);
if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
	throw new Error(
		`headgate needs Node ${needed.join(".")} or later, this is Node ${node}`,
	);
}
