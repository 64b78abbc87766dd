mock "tfconfig/v2" {
  module {
    source = "mocks/fail-git-config.sentinel"
  }
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

test {
  rules = {
    main = false
  }
}
