/** Something that the user can mend: told as a sentence, without a stack. */
export class CommandError extends Error {
	/** 2 for a command line that makes no sense, 1 for anything else. */
	readonly exitCode: number;

	constructor(message: string, exitCode = 1) {
		super(message);
		this.exitCode = exitCode;
	}
}
