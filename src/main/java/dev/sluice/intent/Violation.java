package dev.sluice.intent;

/**
 * Why a value cannot name what it should.
 *
 * @param detail what is wrong, as the end of a sentence that begins with the field's name
 * @param hint how to mend it
 */
record Violation(String detail, String hint) {}
