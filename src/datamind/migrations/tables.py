"""All tables: importing the rooms' models puts them into one metadata."""

from datamind.database import Base
from datamind.rooms.auth import models as _auth  # noqa: F401
from datamind.rooms.dbt import models as _dbt  # noqa: F401
from datamind.rooms.feedback import models as _feedback  # noqa: F401
from datamind.rooms.jobs import models as _jobs  # noqa: F401
from datamind.rooms.policies import models as _policies  # noqa: F401
from datamind.rooms.questions import models as _questions  # noqa: F401
from datamind.rooms.system import models as _system  # noqa: F401
from datamind.rooms.users import models as _users  # noqa: F401

metadata = Base.metadata
