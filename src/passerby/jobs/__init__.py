"""Long answers that are made in the background: export jobs, durable from the moment they are asked for."""

from passerby.jobs.exports import Builder, Exports, JobFailedError, Piece, TooManyJobsError
from passerby.jobs.table import Job, State

__all__ = ["Builder", "Exports", "Job", "JobFailedError", "Piece", "State", "TooManyJobsError"]
