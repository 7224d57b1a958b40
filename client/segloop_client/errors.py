"""What can go wrong on the client's side, each with a message fit for a terminal."""


class ClientError(Exception):
    """Base of everything the client raises on purpose."""


class UnreachableError(ClientError):
    """The server did not answer."""


class ApiError(ClientError):
    """The server answered with a problem.

    Attributes:
        status: the HTTP status.
        problem: the decoded `application/problem+json`, or an empty dict.
    """

    def __init__(self, status: int, problem: dict[str, object], url: str) -> None:
        self.status = status
        self.problem = problem
        text = problem.get("detail") or problem.get("title") or "no explanation"
        super().__init__(f"{status} from {url}: {text}")
