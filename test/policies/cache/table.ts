/** The rows of a table of cases: one a line, its cells parted by ` | `, white space around them dropped. */
export function rowsOf(table: string): readonly (readonly string[])[] {
	return table
		.trim()
		.split("\n")
		.map((line) => line.split(" | ").map((cell) => cell.trim()));
}
