"""Every kind of refusal that has a name of its own, so that pages can say it in another language.

What is not here is told apart by its status alone. A code never changes its meaning; its values are the names
and numbers that the English message holds.
"""

from enum import StrEnum


class ProblemCode(StrEnum):
    """What a request ran into."""

    # by status, for refusals without a code of their own
    NOT_SIGNED_IN = "not_signed_in"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    RANGE_NOT_SATISFIABLE = "range_not_satisfiable"
    INVALID = "invalid"
    TOO_MANY_REQUESTS = "too_many_requests"
    INTERNAL = "internal"
    NOT_READY = "not_ready"

    # signing in, people
    WRONG_SIGN_IN = "wrong_sign_in"
    TOO_MANY_SIGN_INS = "too_many_sign_ins"  # seconds
    TOO_SHORT = "too_short"  # shortest
    USERNAME_TAKEN = "username_taken"  # username
    USER_DISABLED = "user_disabled"  # username
    LAST_ADMIN = "last_admin"
    LAST_OWNER = "last_owner"
    ADMINS_ONLY = "admins_only"
    ROLE_NEEDED = "role_needed"  # needed, role

    # projects
    CLASS_NAME_TWICE = "class_name_twice"  # name
    TOO_MANY_CLASSES = "too_many_classes"  # most
    PARTITION_BUSY = "partition_busy"
    PARTITION_FIXED = "partition_fixed"
    TOO_MANY_REGIONS = "too_many_regions"  # filename, width, height
    REGIONS_NOT_MADE = "regions_not_made"

    # rounds, models, exports
    POOL_EMPTY = "pool_empty"
    NOTHING_LABELLED = "nothing_labelled"
    ROUND_ACTIVE = "round_active"  # number, state
    ROUND_JUST_STARTED = "round_just_started"
    ROUND_NOT_CANCELLABLE = "round_not_cancellable"  # number, state
    ROUND_NOT_CLOSABLE = "round_not_closable"  # number, state
    ROUND_NOT_RETRIABLE = "round_not_retriable"  # number, state
    ROUND_STOPPING = "round_stopping"  # number
    MODEL_WITHOUT_WEIGHTS = "model_without_weights"  # number
    EXPORT_WITHOUT_FILE = "export_without_file"  # state

    # answering and reviewing
    TOO_MANY_LEASES = "too_many_leases"  # held
    ANSWER_SETTLED = "answer_settled"
    LEASE_LOST = "lease_lost"
    REGION_GIVEN_BACK = "region_given_back"
    REGION_ANSWERED = "region_answered"
    REGION_OF_ANOTHER = "region_of_another"
    ANSWER_OUTDATED = "answer_outdated"  # version, name, last
    ANSWER_FIXED = "answer_fixed"  # name
    ANSWER_REVIEWED = "answer_reviewed"  # name, verdict
    FIX_STANDS = "fix_stands"
    FIX_WAS_FIXED = "fix_was_fixed"
    OWN_ANSWER = "own_answer"
    VERDICT_OF_ANOTHER = "verdict_of_another"
