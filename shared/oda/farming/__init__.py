"""The plan of a run on the workers of a Dask scheduler, each with warm kernels of its own.

`farm` is what the runner uses; `connecting` finds the scheduler, and refuses one that is not safe for the data;
`surveying` compares a worker's code, data and gates with the caller's; `crew` knows which workers may be given what;
`farmhands` is what a worker does; `carrying` takes inputs and products where there is no shared folder.
"""
