mock "tfplan/v2" {
  module {
    source = "mocks/pass-other-project-allowed-plan.sentinel"
  }
}

mock "tfconfig/v2" {
  module {
    source = "mocks/config.sentinel"
  }
}

mock "tfstate/v2" {
  module {
    source = "mocks/state.sentinel"
  }
}

import "module" "plan" {
  source = "../../../../modules/plan/plan.sentinel"
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

param "other_projects" {
  value = ["acme-shared"]
}

test {
  rules = {
    main = true
  }
}
