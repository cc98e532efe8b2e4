package dev.sluice.operation;

/**
 * Something that was made with the operations as they were then and keeps to them, such as a factory of filters. When the
 * limits change, another is made: what is under way ends under the limits it began with.
 *
 * @param <T> what it is
 */
public interface UsesOperations<T> {

    /** The same, with other operations. */
    T with(Operations operations);
}
