mock "tfconfig/v2" {
  module {
    source = "mocks/pass-no-modules-config.sentinel"
  }
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

test {
  rules = {
    main = true
  }
}
